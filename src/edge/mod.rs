//! A local double of CloudFront: checks cookies as the real edge does, then serves.
