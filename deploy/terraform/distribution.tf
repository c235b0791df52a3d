locals {
  with_app = var.app_domain != null
  any      = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
  read     = ["GET", "HEAD"]
  uncached = data.aws_cloudfront_cache_policy.disabled.id
}

resource "aws_cloudfront_distribution" "edgemint" {
  comment         = "${var.name}: media for listeners with cookies"
  enabled         = true
  aliases         = var.aliases
  http_version    = "http2and3"
  is_ipv6_enabled = var.ipv6

  # As the edge may list the bucket (bucket.tf), / must not be the bucket itself.
  default_root_object = local.with_app ? null : "index.html"

  origin {
    origin_id                = "media"
    domain_name              = aws_s3_bucket.media.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.media.id
  }

  dynamic "origin" {
    for_each = merge(
      var.edgemint == null ? {} : { edgemint = var.edgemint.domain },
      local.with_app ? { app = var.app_domain } : {},
    )

    content {
      origin_id   = origin.key
      domain_name = origin.value

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  # edgemint below server.base_path. Nothing is cached; cookies, Authorization, Origin, Sec-Fetch-Site, Content-Type and
  # the query all reach it. Host does not: edgemint goes by server.public_url, and so the load balancer before it can
  # choose by its own name. X-Forwarded-For is always sent; believe it with server.trusted_proxies.
  dynamic "ordered_cache_behavior" {
    for_each = var.edgemint == null ? [] : [var.edgemint]

    content {
      path_pattern             = "${ordered_cache_behavior.value.base_path}/*"
      target_origin_id         = "edgemint"
      viewer_protocol_policy   = "https-only"
      allowed_methods          = local.any
      cached_methods           = local.read
      cache_policy_id          = local.uncached
      origin_request_policy_id = data.aws_cloudfront_origin_request_policy.all_but_host.id
    }
  }

  # The media: only with cookies of a key in the group, HEAD too. No OPTIONS: browsers send no cookies with a preflight,
  # so it could not be answered; a single Range needs none.
  ordered_cache_behavior {
    path_pattern               = var.media_path
    target_origin_id           = "media"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = local.read
    cached_methods             = local.read
    compress                   = false
    trusted_key_groups         = [aws_cloudfront_key_group.edgemint.id]
    cache_policy_id            = aws_cloudfront_cache_policy.media.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.media.id
  }

  # Everything else is the app's. Where the app is not here, it is closed like the media: a behaviour without a key
  # group would open whatever else lies in the bucket.
  default_cache_behavior {
    target_origin_id           = local.with_app ? "app" : "media"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = local.with_app ? local.any : local.read
    cached_methods             = local.read
    compress                   = false
    trusted_key_groups         = local.with_app ? [] : [aws_cloudfront_key_group.edgemint.id]
    cache_policy_id            = local.with_app ? local.uncached : aws_cloudfront_cache_policy.media.id
    origin_request_policy_id   = local.with_app ? data.aws_cloudfront_origin_request_policy.all.id : null
    response_headers_policy_id = local.with_app ? null : aws_cloudfront_response_headers_policy.media.id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}
