"""deploy/cloudformation/edgemint.yaml as CloudFormation would see it, read by cfn-lint's own loader."""

from typing import Any

from cfnlint.decode import cfn_yaml

from deploy_files import DEPLOY

FILE = DEPLOY / "cloudformation" / "edgemint.yaml"
TEMPLATE = cfn_yaml.load(str(FILE))
NO_VALUE = {"Ref": "AWS::NoValue"}


def properties(logical_id: str) -> dict:
    return TEMPLATE["Resources"][logical_id]["Properties"]


def of_type(type_: str) -> list[str]:
    """Logical ids of all resources of a type."""
    return [name for name, resource in TEMPLATE["Resources"].items() if resource["Type"] == type_]


def chosen(value: Any, conditions: dict[str, bool]) -> Any:
    """A value with every Fn::If decided, and what comes to AWS::NoValue left out."""
    if isinstance(value, dict):
        if set(value) == {"Fn::If"}:
            condition, if_true, if_false = value["Fn::If"]
            return chosen(if_true if conditions[condition] else if_false, conditions)
        pairs = {key: chosen(inner, conditions) for key, inner in value.items()}
        return {key: inner for key, inner in pairs.items() if inner != NO_VALUE}
    if isinstance(value, list):
        return [inner for inner in (chosen(one, conditions) for one in value) if inner != NO_VALUE]
    return value
