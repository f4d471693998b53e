//! The merged configuration as a tree that knows its keys, and how serde reads it.

use std::collections::{BTreeMap, btree_map};
use std::vec;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::error::Refused;

/// A value of the file, or the raw text of a variable that is read as whatever its key wants.
#[derive(Debug)]
pub(crate) enum Node {
    Table(BTreeMap<String, Node>),
    List(Vec<Node>),
    Scalar(toml::Value),
    Variable(String),
}

impl From<toml::Value> for Node {
    fn from(value: toml::Value) -> Self {
        match value {
            toml::Value::Table(table) => {
                Self::Table(table.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
            toml::Value::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            scalar => Self::Scalar(scalar),
        }
    }
}

impl Node {
    /// Puts a variable's text at the end of `steps`; what stood in the way gives way.
    pub(crate) fn set(&mut self, steps: &[&str], text: String) {
        let [first, rest @ ..] = steps else {
            *self = Self::Variable(text);
            return;
        };
        if !matches!(self, Self::Table(_)) {
            *self = Self::Table(BTreeMap::new());
        }
        if let Self::Table(table) = self {
            let next = table.entry((*first).to_owned()).or_insert_with(|| Self::Table(BTreeMap::new()));
            next.set(rest, text);
        }
    }

    /// A variable's text read as a TOML value, or as plain text when it is none.
    fn guessed(text: String) -> Self {
        let wrapped: Result<toml::Table, _> = format!("value = {text}").parse();
        match wrapped {
            // More than one key means that the text held a line break and more TOML: then it is text.
            Ok(mut table) if table.len() == 1 => {
                table.remove("value").map_or(Self::Scalar(toml::Value::String(text)), Self::from)
            }
            _ => Self::Scalar(toml::Value::String(text)),
        }
    }
}

/// A node and its key: the deserializer.
#[derive(Debug)]
pub(crate) struct At {
    node: Node,
    key: String,
}

impl At {
    pub(crate) fn root(node: Node) -> Self {
        Self { node, key: String::new() }
    }

    fn child(key: &str, name: &str, node: Node) -> Self {
        let key = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
        Self { node, key }
    }

    /// Reads a variable as `T` where it parses so, and otherwise lets the visitor say what it wanted.
    fn parsed<'de, V: Visitor<'de>, T>(
        self,
        visitor: V,
        visit: impl FnOnce(V, T) -> Result<V::Value, Refused>,
    ) -> Result<V::Value, Refused>
    where
        T: std::str::FromStr,
    {
        if let Node::Variable(text) = &self.node
            && let Ok(value) = text.trim().parse::<T>()
        {
            return visit(visitor, value).map_err(|refused| refused.at(&self.key));
        }
        self.deserialize_any(visitor)
    }
}

macro_rules! parse_variables {
    ($($method:ident $visit:ident $type:ty;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.parsed(visitor, |visitor, value: $type| visitor.$visit(value))
        }
    )+};
}

impl<'de> Deserializer<'de> for At {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let key = self.key;
        let read = match self.node {
            Node::Variable(text) => return Self { node: Node::guessed(text), key }.deserialize_any(visitor),
            Node::Table(table) => {
                visitor.visit_map(TableAccess { key: key.clone(), entries: table.into_iter(), value: None })
            }
            Node::List(list) => visitor.visit_seq(ListAccess { key: key.clone(), items: list.into_iter(), index: 0 }),
            Node::Scalar(toml::Value::Boolean(value)) => visitor.visit_bool(value),
            Node::Scalar(toml::Value::Integer(value)) => visitor.visit_i64(value),
            Node::Scalar(toml::Value::Float(value)) => visitor.visit_f64(value),
            Node::Scalar(toml::Value::String(value)) => visitor.visit_string(value),
            // Tables and arrays never get here (see `From`); a date is read as the text it was written as.
            Node::Scalar(other) => visitor.visit_string(other.to_string()),
        };
        read.map_err(|refused| refused.at(&key))
    }

    parse_variables! {
        deserialize_bool visit_bool bool;
        deserialize_i8 visit_i64 i64;
        deserialize_i16 visit_i64 i64;
        deserialize_i32 visit_i64 i64;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u64 u64;
        deserialize_u16 visit_u64 u64;
        deserialize_u32 visit_u64 u64;
        deserialize_u64 visit_u64 u64;
        deserialize_f32 visit_f64 f64;
        deserialize_f64 visit_f64 f64;
        deserialize_str visit_string String;
        deserialize_string visit_string String;
        deserialize_char visit_string String;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        // A key that stands there has a value: TOML has no null.
        let key = self.key.clone();
        visitor.visit_some(self).map_err(|refused| refused.at(&key))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        let key = self.key.clone();
        visitor.visit_newtype_struct(self).map_err(|refused| refused.at(&key))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let key = self.key;
        let node = match self.node {
            // A bare word is a variant's name; anything else is TOML, such as { url = "…" }.
            Node::Variable(text) if variants.contains(&text.as_str()) => Node::Scalar(toml::Value::String(text)),
            Node::Variable(text) => Node::guessed(text),
            other => other,
        };
        let read = match node {
            Node::Scalar(toml::Value::String(name)) => visitor.visit_enum(name.into_deserializer()),
            Node::Table(table) if table.len() == 1 => {
                let access = TableAccess { key: key.clone(), entries: table.into_iter(), value: None };
                visitor.visit_enum(VariantAccess(access))
            }
            _ => Err(de::Error::custom(format_args!("must be one of {}", variants.join(", ")))),
        };
        read.map_err(|refused| refused.at(&key))
    }

    forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct TableAccess {
    key: String,
    entries: btree_map::IntoIter<String, Node>,
    value: Option<At>,
}

impl<'de> MapAccess<'de> for TableAccess {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        let Some((name, node)) = self.entries.next() else { return Ok(None) };
        self.value = Some(At::child(&self.key, &name, node));
        let name: StringDeserializer<Refused> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let value = self.value.take().expect("serde asks for a value only after its key");
        let key = value.key.clone();
        seed.deserialize(value).map_err(|refused| refused.at(&key))
    }
}

struct ListAccess {
    key: String,
    items: vec::IntoIter<Node>,
    index: usize,
}

impl<'de> SeqAccess<'de> for ListAccess {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        let Some(node) = self.items.next() else { return Ok(None) };
        let key = format!("{}[{}]", self.key, self.index);
        self.index += 1;
        seed.deserialize(At { node, key: key.clone() }).map(Some).map_err(|refused| refused.at(&key))
    }
}

/// A table of one key, read as an enum's variant with content.
struct VariantAccess(TableAccess);

impl<'de> EnumAccess<'de> for VariantAccess {
    type Error = Refused;
    type Variant = <MapAccessDeserializer<TableAccess> as EnumAccess<'de>>::Variant;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), Refused> {
        MapAccessDeserializer::new(self.0).variant_seed(seed)
    }
}
