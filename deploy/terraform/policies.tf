# How the media are cached, and what pages of other origins may do with them.

resource "aws_cloudfront_cache_policy" "media" {
  name        = "${var.name}-media"
  comment     = "One copy of each file for all listeners"
  min_ttl     = 0
  default_ttl = 86400
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    # Every listener has other cookies: in the key they would make a copy for each. CloudFront checks them all the same.
    cookies_config {
      cookie_behavior = "none"
    }

    # No Range here either: CloudFront takes ranges out of what it has, and asks the bucket for those that it lacks.
    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }

    # Audio is compressed already, and ranges count the bytes of the file as it is.
    enable_accept_encoding_brotli = false
    enable_accept_encoding_gzip   = false
  }
}

# For hls.js and `crossorigin="use-credentials"`. CloudFront's own 403s may come without these headers: what looks like
# a refused origin can be a cookie that has expired.
resource "aws_cloudfront_response_headers_policy" "media" {
  name    = "${var.name}-media"
  comment = "Pages of the app may read media with cookies"

  cors_config {
    access_control_allow_credentials = true
    access_control_max_age_sec       = 600
    origin_override                  = true

    access_control_allow_origins {
      items = var.app_origins
    }

    access_control_allow_methods {
      items = ["GET", "HEAD"]
    }

    # With credentials, * would not stand for all headers.
    access_control_allow_headers {
      items = ["Range"]
    }

    access_control_expose_headers {
      items = ["Accept-Ranges", "Content-Length", "Content-Range", "ETag"]
    }
  }
}

# Policies of AWS for what must not be cached.

data "aws_cloudfront_cache_policy" "disabled" {
  name = "Managed-CachingDisabled"
}

data "aws_cloudfront_origin_request_policy" "all_but_host" {
  name = "Managed-AllViewerExceptHostHeader"
}

data "aws_cloudfront_origin_request_policy" "all" {
  name = "Managed-AllViewer"
}
