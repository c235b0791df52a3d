output "key_group_id" {
  description = "rotation.key_group"
  value       = aws_cloudfront_key_group.edgemint.id
}

output "distribution_id" {
  description = "rotation.distribution"
  value       = aws_cloudfront_distribution.edgemint.id
}

output "distribution_domain" {
  description = "What the DNS records of the aliases lead to."
  value       = aws_cloudfront_distribution.edgemint.domain_name
}

output "keyring_store" {
  description = "keyring.store"
  value       = "secretsmanager:${aws_secretsmanager_secret.keyring.name}"
}

output "serve_role_arn" {
  description = "Role of `edgemint serve`."
  value       = aws_iam_role.serve.arn
}

output "rotate_role_arn" {
  description = "Role of `edgemint keys advance`."
  value       = aws_iam_role.rotate.arn
}
