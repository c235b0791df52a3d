//! The answer of GetDistribution: the members that the service's model requires, and those that key groups are about.

use super::element::Element;
use super::write::timestamp;
use crate::edge::control::account::Account;
use crate::edge::control::distribution::Distribution;

/// The name that origin and behaviours call each other by.
const ORIGIN: &str = "edgemint-origin";

/// `is_deployed`: whether every change has reached every node.
pub(in crate::edge::control) fn distribution(
    distribution: &Distribution,
    account: &Account,
    is_deployed: bool,
) -> String {
    Element::new("Distribution")
        .with(Element::text("Id", &distribution.id))
        .with(Element::text("ARN", distribution.arn()))
        .with(Element::text("Status", if is_deployed { "Deployed" } else { "InProgress" }))
        .with(Element::text("LastModifiedTime", timestamp(distribution.created)))
        .with(Element::text("InProgressInvalidationBatches", 0))
        .with(Element::text("DomainName", distribution.domain_name()))
        .with(active_key_groups(account))
        .with(config(distribution, account))
        .into_document()
}

fn active_key_groups(account: &Account) -> Element {
    let groups = account.trusted_groups();
    let items = groups.into_iter().map(|(id, keys)| {
        let keys = keys.iter().map(|key| Element::text("KeyPairId", key)).collect();
        Element::new("KeyGroup")
            .with(Element::text("KeyGroupId", id))
            .with(Element::new("KeyPairIds").with_items(keys))
    });
    enabled_list("ActiveTrustedKeyGroups", items.collect())
}

fn config(distribution: &Distribution, account: &Account) -> Element {
    let aliases = distribution.aliases.iter().map(|alias| Element::text("CNAME", alias)).collect();
    let behaviours = account.protected().iter().map(|path| {
        let groups = path.groups.iter().map(|group| Element::text("KeyGroup", group)).collect();
        behaviour(
            Element::new("CacheBehavior").with(Element::text("PathPattern", &path.pattern)),
            enabled_list("TrustedKeyGroups", groups),
        )
    });
    let behaviours = behaviours.collect();
    Element::new("DistributionConfig")
        .with(Element::text("CallerReference", "edgemint-edge"))
        .with(Element::new("Aliases").with_items(aliases))
        .with(Element::new("Origins").with_items(vec![origin(distribution)]))
        .with(behaviour(Element::new("DefaultCacheBehavior"), enabled_list("TrustedKeyGroups", Vec::new())))
        .with(Element::new("CacheBehaviors").with_items(behaviours))
        .with(Element::text("Comment", "the local double of edgemint"))
        .with(Element::text("Enabled", true))
}

fn origin(distribution: &Distribution) -> Element {
    Element::new("Origin")
        .with(Element::text("Id", ORIGIN))
        .with(Element::text("DomainName", &distribution.origin))
}

fn behaviour(element: Element, trusted: Element) -> Element {
    element
        .with(Element::text("TargetOriginId", ORIGIN))
        .with(trusted)
        .with(Element::text("ViewerProtocolPolicy", "allow-all"))
}

fn enabled_list(name: &'static str, items: Vec<Element>) -> Element {
    Element::new(name).with(Element::text("Enabled", !items.is_empty())).with_items(items)
}
