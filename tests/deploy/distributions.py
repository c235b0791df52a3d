"""The distribution of deploy/terraform and that of deploy/cloudformation, brought into one form."""

import re
from dataclasses import dataclass
from typing import Any

import template
import terraform_files

# Policies of AWS by the ids that CloudFormation takes ("Use managed cache policies", "Use managed origin request
# policies" in the CloudFront Developer Guide).
MANAGED = {
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": "Managed-CachingDisabled",
    "216adef6-5c7f-47e4-b989-5492eafa07d3": "Managed-AllViewer",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": "Managed-AllViewerExceptHostHeader",
}


@dataclass(frozen=True)
class Behaviour:
    # None: the default one.
    path: str | None
    origin: str
    protocol: str
    methods: frozenset[str]
    # Key groups whose cookies are needed; with none, everybody may fetch.
    key_groups: tuple[str, ...]
    # "media", or the name of a policy of AWS.
    cache: str
    forwards: str | None
    headers: str | None


@dataclass(frozen=True)
class Distribution:
    behaviours: tuple[Behaviour, ...]
    # Origin ids, and whether each is a bucket with origin access control.
    origins: tuple[tuple[str, bool], ...]
    default_root_object: str | None


def terraform(edgemint: bool, app: bool) -> Distribution:
    """With edgemint below its base path or not, and with the app as the default or not."""
    content = terraform_files.resource("aws_cloudfront_distribution", "edgemint")
    (locals_,) = terraform_files.bodies("locals")

    def decided(value: Any) -> Any:
        if isinstance(value, str):
            ternary = re.fullmatch(r"\$\{local\.with_app \? (.*) : (.*)\}", value)
            value = value if not ternary else "${" + ternary[1 if app else 2] + "}"
            local = re.fullmatch(r"\$\{local\.(\w+)\}", value)
            return locals_[local[1]] if local else value.removeprefix('${"').removesuffix('"}')
        return value

    def name(policy: str | None) -> str | None:
        if policy in (None, "${null}"):
            return None
        data = re.fullmatch(r"\$\{data\.(\w+)\.(\w+)\.id\}", policy)
        if data:
            return terraform_files.declared()["data", data[1], data[2]]["name"]
        return re.fullmatch(r"\$\{\w+\.(\w+)\.id\}", policy)[1]

    def behaviour(block: dict) -> Behaviour:
        block = {key: decided(value) for key, value in block.items()}
        groups = block.get("trusted_key_groups", [])
        groups = re.findall(r"[\w.]+", groups) if isinstance(groups, str) else groups
        path = block.get("path_pattern")
        return Behaviour(
            path=path and re.sub(r"\$\{.*?([a-z_]+)\}", r"<\1>", path),
            origin=block["target_origin_id"],
            protocol=block["viewer_protocol_policy"],
            methods=frozenset(block["allowed_methods"]),
            key_groups=tuple(group.strip("${}") for group in groups),
            cache=name(block["cache_policy_id"]),
            forwards=name(block.get("origin_request_policy_id")),
            headers=name(block.get("response_headers_policy_id")),
        )

    dynamic = {key: value for block in content["dynamic"] for key, value in block.items()}
    assert dynamic.keys() == {"origin", "ordered_cache_behavior"}
    ordered = dynamic["ordered_cache_behavior"]["content"] if edgemint else []
    ordered = [*ordered, *content["ordered_cache_behavior"], *content["default_cache_behavior"]]
    more = [("edgemint", edgemint), ("app", app)]
    return Distribution(
        behaviours=tuple(behaviour(block) for block in ordered),
        origins=(
            *((origin["origin_id"], "origin_access_control_id" in origin) for origin in content["origin"]),
            *((origin, False) for origin, there in more if there),
        ),
        default_root_object=None if decided(content["default_root_object"]) == "${null}" else "index.html",
    )


def cloudformation(edgemint: bool, app: bool) -> Distribution:
    """The same of the template."""
    conditions = {"HasEdgemint": edgemint, "HasApp": app}
    config = template.chosen(template.properties("Distribution")["DistributionConfig"], conditions)
    names = {"CachePolicy": "media", "ResponseHeadersPolicy": "media"}
    patterns = {"MediaPath": "<media_path>", "EdgemintBasePath": "<base_path>"}

    def name(policy: Any) -> str | None:
        return policy and (names[policy["Ref"]] if isinstance(policy, dict) else MANAGED[policy])

    def path(pattern: Any) -> str | None:
        if pattern is None or "Ref" in pattern:
            return pattern and patterns[pattern["Ref"]]
        return re.sub(r"\$\{(\w+)\}", lambda found: patterns[found[1]], pattern["Fn::Sub"])

    def behaviour(block: dict) -> Behaviour:
        return Behaviour(
            path=path(block.get("PathPattern")),
            origin=block["TargetOriginId"],
            protocol=block["ViewerProtocolPolicy"],
            methods=frozenset(block["AllowedMethods"]),
            key_groups=tuple(group["Ref"] for group in block.get("TrustedKeyGroups", [])),
            cache=name(block["CachePolicyId"]),
            forwards=name(block.get("OriginRequestPolicyId")),
            headers=name(block.get("ResponseHeadersPolicyId")),
        )

    return Distribution(
        behaviours=tuple(behaviour(block) for block in [*config["CacheBehaviors"], config["DefaultCacheBehavior"]]),
        origins=tuple((origin["Id"], "OriginAccessControlId" in origin) for origin in config["Origins"]),
        default_root_object=config.get("DefaultRootObject"),
    )
