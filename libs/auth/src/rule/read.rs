//! Reads the option `(ehub.auth.v1.rule)` from descriptors, without generated code.

use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, MethodDescriptor, ReflectMessage, Value};

use super::{GrantRequirement, PracticeBinding, Rule};
use crate::Kind;

const OPTION: &str = "ehub.auth.v1.rule";

/// Why no rules can be made from a descriptor set: the service must not start.
#[derive(Debug, thiserror::Error)]
pub enum MissingRule {
    /// Not a descriptor set.
    #[error("the descriptor set cannot be read")]
    Unreadable(#[source] prost_reflect::DescriptorError),
    /// The set does not define the option.
    #[error("the descriptor set does not define the option ({OPTION})")]
    NoOption,
    /// RPCs without a complete rule.
    #[error("every RPC needs a complete ({OPTION}); without: {}", .0.join("; "))]
    Rpcs(
        /// Each RPC's path, and what its rule lacks.
        Vec<String>,
    ),
}

pub(super) fn rules(bytes: &[u8]) -> Result<Vec<Rule>, MissingRule> {
    let pool = DescriptorPool::decode(bytes).map_err(MissingRule::Unreadable)?;
    let option = pool.get_extension_by_name(OPTION).ok_or(MissingRule::NoOption)?;
    let mut rules = Vec::new();
    let mut lacking = Vec::new();
    for service in pool.services().filter(|service| !service.package_name().starts_with("grpc.")) {
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            match rule(&method, &option, &path) {
                Ok(rule) => rules.push(rule),
                Err(lack) => lacking.push(format!("{path} ({lack})")),
            }
        }
    }
    if lacking.is_empty() { Ok(rules) } else { Err(MissingRule::Rpcs(lacking)) }
}

fn rule(method: &MethodDescriptor, option: &ExtensionDescriptor, path: &str) -> Result<Rule, &'static str> {
    let options = method.options();
    if !options.has_extension(option) {
        return Err("no rule");
    }
    let value = options.get_extension(option);
    let message = value.as_message().ok_or("the rule is no message")?;
    let scopes = strings(message, "scopes");
    if scopes.is_empty() || scopes.iter().any(String::is_empty) {
        return Err("scopes");
    }
    let callers: Option<Vec<Kind>> = enum_names(message, "callers").iter().map(|name| caller_kind(name)).collect();
    let callers = callers.filter(|callers| !callers.is_empty()).ok_or("callers")?;
    let services = strings(message, "services");
    if !services.is_empty() && !callers.contains(&Kind::Service) {
        return Err("services without CALLER_KIND_SERVICE");
    }
    Ok(Rule {
        path: path.into(),
        scopes: scopes.into(),
        callers: callers.into(),
        practice: practice(message).ok_or("practice")?,
        grant: grant(message).ok_or("grant")?,
        services: services.into(),
    })
}

fn list(message: &DynamicMessage, field: &str) -> Vec<Value> {
    let value = message.get_field_by_name(field);
    value.and_then(|value| value.as_list().map(<[Value]>::to_vec)).unwrap_or_default()
}

fn strings(message: &DynamicMessage, field: &str) -> Vec<String> {
    list(message, field).iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// The names of an enum field's values, so that renumbering cannot quietly change a rule. An unknown number has no name.
fn enum_names(message: &DynamicMessage, field: &str) -> Vec<String> {
    let Some(descriptor) = message.descriptor().get_field_by_name(field) else {
        return Vec::new();
    };
    let value = message.get_field(&descriptor);
    let values = value.as_list().unwrap_or_else(|| std::slice::from_ref(&*value));
    let kind = descriptor.kind();
    let name = |value: &Value| Some(kind.as_enum()?.get_value(value.as_enum_number()?)?.name().to_owned());
    values.iter().map(|value| name(value).unwrap_or_default()).collect()
}

fn caller_kind(name: &str) -> Option<Kind> {
    match name {
        "CALLER_KIND_PERSON" => Some(Kind::Person),
        "CALLER_KIND_CLIENT" => Some(Kind::Client),
        "CALLER_KIND_SERVICE" => Some(Kind::Service),
        _ => None,
    }
}

fn practice(message: &DynamicMessage) -> Option<PracticeBinding> {
    match enum_names(message, "practice").first()?.as_str() {
        "PRACTICE_BINDING_BOUND" => Some(PracticeBinding::Bound),
        "PRACTICE_BINDING_OWN_ORGANISATION" => Some(PracticeBinding::OwnOrganisation),
        "PRACTICE_BINDING_NONE" => Some(PracticeBinding::None),
        _ => None,
    }
}

fn grant(message: &DynamicMessage) -> Option<GrantRequirement> {
    match enum_names(message, "grant").first()?.as_str() {
        "GRANT_REQUIREMENT_NONE" => Some(GrantRequirement::None),
        "GRANT_REQUIREMENT_REQUIRED" => Some(GrantRequirement::Required),
        "GRANT_REQUIREMENT_OPTIONAL" => Some(GrantRequirement::Optional),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rules, testing::descriptor_set};

    const WHOLE: &str =
        "scopes: 'x' callers: [CALLER_KIND_PERSON, CALLER_KIND_SERVICE] practice: PRACTICE_BINDING_BOUND
        grant: GRANT_REQUIREMENT_REQUIRED services: ['intake', 'audit']";

    #[test]
    fn every_rpc_without_a_complete_rule_is_named() {
        let lacking = [
            ("Bare", "", "no rule"),
            ("Empty", "option (ehub.auth.v1.rule) = {};", "scopes"),
            ("NoScope", "option (ehub.auth.v1.rule) = {callers: CALLER_KIND_PERSON};", "scopes"),
            ("NoCaller", "option (ehub.auth.v1.rule) = {scopes: 'x'};", "callers"),
            ("ZeroCaller", "option (ehub.auth.v1.rule) = {scopes: 'x' callers: CALLER_KIND_UNSPECIFIED};", "callers"),
            ("NoPractice", "option (ehub.auth.v1.rule) = {scopes: 'x' callers: CALLER_KIND_PERSON};", "practice"),
            (
                "NoGrant",
                "option (ehub.auth.v1.rule) = {scopes: 'x' callers: CALLER_KIND_PERSON practice: PRACTICE_BINDING_NONE};",
                "grant",
            ),
            (
                "OddServices",
                "option (ehub.auth.v1.rule) = {scopes: 'x' callers: CALLER_KIND_PERSON services: 'audit'};",
                "services",
            ),
        ];
        let whole = format!("option (ehub.auth.v1.rule) = {{{WHOLE}}};");
        let mut methods: Vec<_> = lacking.iter().map(|(name, option, _)| (*name, *option)).collect();
        methods.push(("Whole", &whole));
        let error = Rules::from_descriptor(&descriptor_set("p", &methods)).unwrap_err();
        let MissingRule::Rpcs(named) = &error else { panic!("{error}") };
        assert_eq!(named.len(), lacking.len());
        for (name, _, lack) in lacking {
            assert!(named.iter().any(|one| one.starts_with(&format!("/p.Probe/{name} ({lack}"))), "{name}: {error}");
        }
    }

    #[test]
    fn a_set_that_is_none_or_lacks_the_option_gives_no_rules() {
        assert!(matches!(Rules::from_descriptor(b"\xff\xff"), Err(MissingRule::Unreadable(_))));
        assert!(matches!(Rules::from_descriptor(b""), Err(MissingRule::NoOption)));
    }

    #[test]
    fn a_whole_rule_is_read_as_written() {
        let option = format!("option (ehub.auth.v1.rule) = {{{WHOLE}}};");
        let rules = Rules::from_descriptor(&descriptor_set("p", &[("Whole", &option)])).unwrap();
        let rule = rules.get("/p.Probe/Whole").unwrap();
        assert_eq!(rule.scopes.as_ref(), ["x"]);
        assert_eq!(rule.callers.as_ref(), [Kind::Person, Kind::Service]);
        assert_eq!((rule.practice, rule.grant), (PracticeBinding::Bound, GrantRequirement::Required));
        assert_eq!(rule.services.as_ref(), ["intake", "audit"]);
        assert_eq!(rules.iter().count(), 1);
        assert!(rules.get("p.Probe/Whole").is_none() && rules.get("/p.Probe/whole").is_none());
    }

    #[test]
    fn grpc_packages_need_no_rule() {
        assert_eq!(
            Rules::from_descriptor(&descriptor_set("grpc.health.v1", &[("Check", "")])).unwrap().iter().count(),
            0
        );
        assert!(Rules::from_descriptor(&descriptor_set("grpcx", &[("Check", "")])).is_err());
    }
}
