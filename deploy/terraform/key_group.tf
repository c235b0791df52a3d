# The group of public keys that the media trust. Terraform makes the group; which keys are in it is decided by
# `edgemint keys rotate` and `keys advance`, and by nobody else.
#
# So Terraform ignores the items once the group exists: a plan shows no change after a rotation, and if the name or the
# comment is changed here, the items go back to CloudFront as they were just read, under their ETag. Were a rotation to
# change them in between, CloudFront would refuse (412); apply again.
#
# No public key is a resource here. The first would be deleted by the second rotation, and from then on every plan
# would make it anew.
resource "aws_cloudfront_key_group" "edgemint" {
  name    = var.name
  comment = "Keys are put in and taken out by edgemint"
  items   = [var.first_public_key_id]

  lifecycle {
    ignore_changes = [items]
  }
}
