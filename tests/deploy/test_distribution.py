"""What deploy/terraform and deploy/cloudformation promise of the distribution, in each of its four forms."""

import dataclasses
import itertools
import re
import unittest

import distributions
import template
import terraform_files

READ = {"GET", "HEAD"}
LANGUAGES = {
    "Terraform": (distributions.terraform, "aws_cloudfront_key_group.edgemint.id"),
    "CloudFormation": (distributions.cloudformation, "KeyGroupId"),
}


def forms():
    """(language, edgemint below its path?, app as the default?, distribution, its key group)."""
    for (language, (read, group)), edgemint, app in itertools.product(LANGUAGES.items(), *[[False, True]] * 2):
        yield language, edgemint, app, read(edgemint, app), group


class Behaviours(unittest.TestCase):
    def test_media_need_cookies_of_the_key_group(self):
        for language, edgemint, app, distribution, group in forms():
            with self.subTest(language, edgemint=edgemint, app=app):
                media = [one for one in distribution.behaviours if one.path == "<media_path>"]
                self.assertEqual([one.key_groups for one in media], [(group,)])
                self.assertEqual((media[0].origin, media[0].cache, media[0].headers), ("media", "media", "media"))
                self.assertEqual(media[0].methods, READ)
                self.assertEqual(media[0].protocol, "redirect-to-https")

    def test_nothing_of_the_bucket_is_open(self):
        for language, edgemint, app, distribution, group in forms():
            with self.subTest(language, edgemint=edgemint, app=app):
                from_bucket = [one for one in distribution.behaviours if one.origin == "media"]
                self.assertEqual(len(from_bucket), 1 if app else 2)
                for behaviour in from_bucket:
                    self.assertEqual(behaviour.key_groups, (group,))
                self.assertEqual(distribution.default_root_object, None if app else "index.html")

    def test_only_the_media_are_cached(self):
        for language, edgemint, app, distribution, _ in forms():
            with self.subTest(language, edgemint=edgemint, app=app):
                for behaviour in distribution.behaviours:
                    cached = behaviour.cache != "Managed-CachingDisabled"
                    self.assertEqual(cached, behaviour.origin == "media", behaviour)
                    # What is cached reaches the bucket without cookies and headers of the listener.
                    self.assertEqual(behaviour.forwards is None, cached, behaviour)

    def test_edgemint_gets_everything_but_host(self):
        for language, app in itertools.product(LANGUAGES, [False, True]):
            with self.subTest(language, app=app):
                first = LANGUAGES[language][0](True, app).behaviours[0]
                self.assertEqual((first.path, first.origin), ("<base_path>/*", "edgemint"))
                self.assertEqual(first.forwards, "Managed-AllViewerExceptHostHeader")
                self.assertLessEqual({"GET", "POST", "OPTIONS"}, first.methods)
                self.assertEqual(first.key_groups, ())
                self.assertEqual(first.protocol, "https-only")

    def test_every_behaviour_has_its_origin_and_every_bucket_its_access_control(self):
        for language, edgemint, app, distribution, _ in forms():
            with self.subTest(language, edgemint=edgemint, app=app):
                expected = [("media", True)] + [("edgemint", False)] * edgemint + [("app", False)] * app
                self.assertEqual(list(distribution.origins), expected)
                self.assertEqual({one.origin for one in distribution.behaviours}, {name for name, _ in expected})

    def test_both_languages_say_the_same(self):
        for edgemint, app in itertools.product([False, True], repeat=2):
            with self.subTest(edgemint=edgemint, app=app):
                of_terraform, of_cloudformation = (
                    dataclasses.replace(
                        form := read(edgemint, app),
                        behaviours=tuple(
                            dataclasses.replace(one, key_groups=("group",) * len(one.key_groups))
                            for one in form.behaviours
                        ),
                    )
                    for read, _ in LANGUAGES.values()
                )
                self.assertEqual(of_terraform, of_cloudformation)


class Policies(unittest.TestCase):
    def test_cookies_and_headers_are_not_in_the_cache_key(self):
        policy = terraform_files.resource("aws_cloudfront_cache_policy", "media")
        (key,) = policy["parameters_in_cache_key_and_forwarded_to_origin"]
        self.assertEqual(key["cookies_config"][0]["cookie_behavior"], "none")
        self.assertEqual(key["headers_config"][0]["header_behavior"], "none")
        self.assertEqual(key["query_strings_config"][0]["query_string_behavior"], "none")
        self.assertEqual([key[f"enable_accept_encoding_{name}"] for name in ("brotli", "gzip")], [False, False])

        config = template.properties("CachePolicy")["CachePolicyConfig"]
        key = config["ParametersInCacheKeyAndForwardedToOrigin"]
        self.assertEqual(key["CookiesConfig"], {"CookieBehavior": "none"})
        self.assertEqual(key["HeadersConfig"], {"HeaderBehavior": "none"})
        self.assertEqual(key["QueryStringsConfig"], {"QueryStringBehavior": "none"})
        self.assertEqual([key[f"EnableAcceptEncoding{name}"] for name in ("Brotli", "Gzip")], [False, False])
        for name, other in (("MinTTL", "min_ttl"), ("DefaultTTL", "default_ttl"), ("MaxTTL", "max_ttl")):
            self.assertEqual(config[name], policy[other], name)

    def test_cors_is_for_exact_origins_with_credentials(self):
        policy = terraform_files.resource("aws_cloudfront_response_headers_policy", "media")
        (cors,) = policy["cors_config"]
        lists = {
            name: cors[f"access_control_{name}"][0]["items"]
            for name in ("allow_origins", "allow_methods", "allow_headers", "expose_headers")
        }
        self.assertIs(cors["access_control_allow_credentials"], True)
        self.assertEqual(lists["allow_origins"], "${var.app_origins}")

        other = template.properties("ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]["CorsConfig"]
        self.assertIs(other["AccessControlAllowCredentials"], True)
        self.assertEqual(other["AccessControlAllowOrigins"], {"Items": {"Ref": "AppOrigins"}})
        for name, camel in (("allow_methods", "AllowMethods"), ("allow_headers", "AllowHeaders"),
                            ("expose_headers", "ExposeHeaders")):
            self.assertEqual(lists[name], other[f"AccessControl{camel}"]["Items"])
            self.assertNotIn("*", lists[name])
        self.assertEqual(set(lists["allow_methods"]), READ)

    def test_an_origin_is_written_out(self):
        written = template.TEMPLATE["Parameters"]["AppOrigins"]["AllowedPattern"]
        condition = terraform_files.named("variable")["app_origins"]["validation"][0]["condition"]
        self.assertIn(f'"{written}"', condition.replace("\\\\", "\\"))
        for origin in ("https://www.example.com", "https://www.example.com:8443"):
            self.assertRegex(origin, written)
        for origin in ("*", "https://*.example.com", "http://www.example.com", "https://www.example.com/",
                       "www.example.com", "null", ""):
            self.assertIsNone(re.search(written, origin), origin)


class Bucket(unittest.TestCase):
    def test_nothing_is_public(self):
        block = terraform_files.resource("aws_s3_bucket_public_access_block", "media")
        flags = {name: value for name, value in block.items() if name.startswith(("block", "ignore", "restrict"))}
        self.assertEqual(list(flags.values()), [True] * 4)
        owner = terraform_files.resource("aws_s3_bucket_ownership_controls", "media")
        self.assertEqual(owner["rule"][0]["object_ownership"], "BucketOwnerEnforced")

        bucket = template.properties("Bucket")
        self.assertEqual(list(bucket["PublicAccessBlockConfiguration"].values()), [True] * 4)
        self.assertEqual(bucket["OwnershipControls"], {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})

    def test_only_this_distribution_reads_it(self):
        statements = terraform_files.declared()["data", "aws_iam_policy_document", "media"]["statement"]
        self.assertEqual([one["actions"] for one in statements], [["s3:GetObject"], ["s3:ListBucket"]])
        for statement in statements:
            self.assertEqual(statement["principals"][0]["identifiers"], ["cloudfront.amazonaws.com"])
            (condition,) = statement["condition"]
            self.assertEqual((condition["test"], condition["variable"]), ("StringEquals", "AWS:SourceArn"))
            self.assertEqual(condition["values"], ["${aws_cloudfront_distribution.edgemint.arn}"])

        statements = template.properties("BucketPolicy")["PolicyDocument"]["Statement"]
        self.assertEqual([one["Action"] for one in statements], ["s3:GetObject", "s3:ListBucket"])
        for statement in statements:
            self.assertEqual(statement["Principal"], {"Service": "cloudfront.amazonaws.com"})
            arn = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
            self.assertEqual(statement["Condition"], {"StringEquals": {"AWS:SourceArn": {"Fn::Sub": arn}}})

    def test_requests_to_it_are_signed(self):
        control = terraform_files.resource("aws_cloudfront_origin_access_control", "media")
        named = (control["origin_access_control_origin_type"], control["signing_behavior"], control["signing_protocol"])
        self.assertEqual(named, ("s3", "always", "sigv4"))
        config = template.properties("OriginAccess")["OriginAccessControlConfig"]
        named = (config["OriginAccessControlOriginType"], config["SigningBehavior"], config["SigningProtocol"])
        self.assertEqual(named, ("s3", "always", "sigv4"))


if __name__ == "__main__":
    unittest.main()
