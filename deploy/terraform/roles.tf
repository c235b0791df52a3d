# The keyring's secret, and who may do what. The secret has no value here, or the private keys would be in Terraform's
# state: `edgemint keys` writes it.
resource "aws_secretsmanager_secret" "keyring" {
  name        = var.keyring_secret
  description = "Signing keys of edgemint"
}

# TagSession is what EKS Pod Identity needs besides.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = [var.trusted_service]
    }
  }
}

# `edgemint serve` reads the keyring and never calls CloudFront.
resource "aws_iam_role" "serve" {
  name               = "${var.name}-serve"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "serve" {
  name   = "keyring"
  role   = aws_iam_role.serve.id
  policy = data.aws_iam_policy_document.serve.json
}

data "aws_iam_policy_document" "serve" {
  statement {
    sid       = "ReadKeyring"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.keyring.arn]
  }
}

# `edgemint keys rotate`, `advance`, `rollback`, `revoke`.
resource "aws_iam_role" "rotate" {
  name               = "${var.name}-rotate"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "rotate" {
  name   = "rotation"
  role   = aws_iam_role.rotate.id
  policy = data.aws_iam_policy_document.rotate.json
}

data "aws_iam_policy_document" "rotate" {
  # AWS defines no resources for public keys and key groups, so no narrower resource than * is possible: whoever has
  # this role can change every key group of the account. Keep it from the servers.
  statement {
    sid = "PublicKeysAndKeyGroups"
    actions = [
      "cloudfront:CreatePublicKey",
      "cloudfront:DeletePublicKey",
      "cloudfront:GetKeyGroup",
      "cloudfront:GetPublicKey",
      "cloudfront:ListPublicKeys",
      "cloudfront:UpdateKeyGroup",
    ]
    resources = ["*"]
  }

  # For rotation.distribution.
  statement {
    sid       = "SeeDistribution"
    actions   = ["cloudfront:GetDistribution"]
    resources = [aws_cloudfront_distribution.edgemint.arn]
  }

  statement {
    sid = "WriteKeyring"
    actions = [
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue",
      "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = [aws_secretsmanager_secret.keyring.arn]
  }
}
