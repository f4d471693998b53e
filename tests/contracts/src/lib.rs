//! The compiled contract as the tests see it: packages, services, rules and comments.

use std::{collections::HashMap, path::PathBuf};

use prost_reflect::{DescriptorPool, FileDescriptor, MethodDescriptor, ReflectMessage, ServiceDescriptor, Value};

/// Everything under `proto/ehub`, with its comments.
#[derive(Debug)]
pub struct Contract {
    pool: DescriptorPool,
    comments: HashMap<(String, Vec<i32>), String>,
}

/// The access rule of one RPC, by the short names of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessRule {
    /// Any one of these scopes admits.
    pub scopes: Vec<String>,
    /// `PERSON`, `CLIENT`, `SERVICE`.
    pub callers: Vec<String>,
    /// `BOUND`, `OWN_ORGANISATION`, `NONE`, or `UNSPECIFIED` when it was left out.
    pub practice: String,
    /// `REQUIRED`, `OPTIONAL`, `NONE`, or `UNSPECIFIED` when it was left out.
    pub grant: String,
    /// For services: which.
    pub services: Vec<String>,
}

impl Contract {
    /// Reads the descriptor set the build made.
    ///
    /// # Panics
    /// When the set cannot be decoded.
    #[must_use]
    pub fn load() -> Self {
        let pool = DescriptorPool::decode(ehub_proto::DOCUMENTED_DESCRIPTOR_SET).expect("the descriptor set decodes");
        let mut comments = HashMap::new();
        for file in pool.files() {
            let Some(info) = &file.file_descriptor_proto().source_code_info else { continue };
            for location in &info.location {
                let text = location.leading_comments().trim();
                if !text.is_empty() {
                    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    comments.insert((file.name().to_owned(), location.path.clone()), one_line);
                }
            }
        }
        Self { pool, comments }
    }

    /// Our files, those of google left out.
    pub fn files(&self) -> impl Iterator<Item = FileDescriptor> + '_ {
        self.pool.files().filter(|file| file.package_name().starts_with("ehub."))
    }

    /// Our services by full name.
    #[must_use]
    pub fn services(&self) -> Vec<ServiceDescriptor> {
        let mut services: Vec<_> = self.files().flat_map(|file| file.services().collect::<Vec<_>>()).collect();
        services.sort_by(|a, b| a.full_name().cmp(b.full_name()));
        services
    }

    /// Our RPCs, in the order of their services.
    #[must_use]
    pub fn methods(&self) -> Vec<MethodDescriptor> {
        self.services().iter().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
    }

    /// RPCs of integrators' and drafted services, those between our own services left out.
    #[must_use]
    pub fn public_methods(&self) -> Vec<MethodDescriptor> {
        let mut methods = self.methods();
        methods.retain(|method| method.parent_service().package_name() != "ehub.internal.v1");
        methods
    }

    /// The comment above an element, on one line; empty when there is none.
    #[must_use]
    pub fn comment(&self, file: &FileDescriptor, path: &[i32]) -> &str {
        self.comments.get(&(file.name().to_owned(), path.to_vec())).map_or("", String::as_str)
    }

    /// The access rule of an RPC, if it carries one.
    ///
    /// # Panics
    /// When the rule option itself is not part of the contract.
    #[must_use]
    pub fn rule(&self, method: &MethodDescriptor) -> Option<AccessRule> {
        let extension = self.pool.get_extension_by_name("ehub.auth.v1.rule").expect("the rule option exists");
        let options = method.options();
        if !options.has_extension(&extension) {
            return None;
        }
        let value = options.get_extension(&extension).into_owned();
        let rule = value.as_message()?;
        let field = |name: &str| rule.get_field_by_name(name).map(std::borrow::Cow::into_owned);
        let practice_kind = rule.descriptor().get_field_by_name("practice")?;
        let callers_kind = rule.descriptor().get_field_by_name("callers")?;
        let grant_kind = rule.descriptor().get_field_by_name("grant")?;
        Some(AccessRule {
            scopes: strings(field("scopes")),
            callers: names(field("callers"), &callers_kind, "CALLER_KIND_"),
            practice: names(field("practice"), &practice_kind, "PRACTICE_BINDING_").concat(),
            grant: names(field("grant"), &grant_kind, "GRANT_REQUIREMENT_").concat(),
            services: strings(field("services")),
        })
    }
}

/// The path of an RPC as in `Service/Method`, with its package.
#[must_use]
pub fn path_of(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}

/// Whether an RPC only reads, told by its name.
#[must_use]
pub fn reads(method: &MethodDescriptor) -> bool {
    ["Get", "List", "Watch", "Export"].iter().any(|verb| method.name().starts_with(verb))
}

/// The root of the project.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).canonicalize().unwrap_or_default()
}

fn strings(value: Option<Value>) -> Vec<String> {
    value
        .iter()
        .flat_map(|value| value.as_list().unwrap_or_default())
        .filter_map(|one| one.as_str().map(ToOwned::to_owned))
        .collect()
}

fn names(value: Option<Value>, field: &prost_reflect::FieldDescriptor, prefix: &str) -> Vec<String> {
    let kind = field.kind();
    let Some(kind) = kind.as_enum() else { return Vec::new() };
    let name = |number: i32| {
        let value = kind.get_value(number);
        value.map_or_else(|| number.to_string(), |value| value.name().trim_start_matches(prefix).to_owned())
    };
    match value {
        Some(Value::List(list)) => list.iter().filter_map(Value::as_enum_number).map(name).collect(),
        Some(Value::EnumNumber(number)) => vec![name(number)],
        _ => Vec::new(),
    }
}
