variable "name" {
  description = "Begins the names of everything that is made here."
  type        = string
  default     = "edgemint"
}

variable "bucket" {
  description = "Name of the bucket for the media."
  type        = string
}

variable "aliases" {
  description = "Host names of the distribution, such as cdn.example.com."
  type        = list(string)
}

variable "certificate_arn" {
  description = "ACM certificate for all of them; CloudFront takes it from us-east-1 only."
  type        = string
}

variable "media_path" {
  description = "Path pattern of what needs cookies: the path of a grant's resource."
  type        = string
  default     = "/podcasts/*"
}

# The same list as server.app_origins. A browser sends cookies along only where the answer names its very origin.
variable "app_origins" {
  description = "Origins of the pages that play the media, such as https://www.example.com."
  type        = list(string)

  validation {
    condition = length(var.app_origins) > 0 && alltrue([
      for origin in var.app_origins : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", origin))
    ])
    error_message = "Write each origin out, scheme and host, without a path and without *: https://www.example.com."
  }
}

# Only the first: from then on keys come and go without Terraform, see key_group.tf.
variable "first_public_key_id" {
  description = "Id that CloudFront gave to the public key of `edgemint keys init`."
  type        = string

  validation {
    condition     = can(regex("^K[0-9A-Z]+$", var.first_public_key_id))
    error_message = "Give the id of a public key, such as K2JCJMDEHXQW5F, not its name and not a key group's id."
  }
}

variable "edgemint" {
  description = "Set if edgemint is reached through this distribution: where it is, and its server.base_path."
  type        = object({ domain = string, base_path = string })
  default     = null

  validation {
    condition     = var.edgemint == null || can(regex("^(/[A-Za-z0-9._-]+)+$", var.edgemint.base_path))
    error_message = "The base path begins with / and does not end with it, such as /edgemint."
  }
}

variable "app_domain" {
  description = "Set if the app is reached through this distribution too: where it is."
  type        = string
  default     = null
}

variable "ipv6" {
  description = "False if a grant has bind_address: CloudFront cannot check IPv6 addresses."
  type        = bool
  default     = true
}

variable "keyring_secret" {
  description = "Name of the secret that holds the keyring, as in keyring.store."
  type        = string
  default     = "edgemint/keyring"
}

variable "trusted_service" {
  description = "Who lends the roles to edgemint: pods.eks.amazonaws.com, ecs-tasks.amazonaws.com or ec2.amazonaws.com."
  type        = string
  default     = "pods.eks.amazonaws.com"
}
