//! Finding resources in a bundle, and in the document bundle inside it.

use std::collections::HashSet;

use crate::xml::Element;

/// Every resource of a message, outer and inner, in document order.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    entries: Vec<(Option<&'a str>, &'a Element)>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(bundle: &'a Element) -> Self {
        let mut entries = Vec::new();
        collect(bundle, &mut entries);
        Self { entries }
    }

    pub(crate) fn first(&self, kind: &str) -> Option<&'a Element> {
        self.all(kind).next()
    }

    pub(crate) fn all<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'a Element> + 's {
        self.entries.iter().map(|(_, resource)| *resource).filter(move |resource| resource.name == kind)
    }

    /// The resource of `kind` a reference points to. Published examples reuse ids across resources, so the kind takes
    /// part in the match; the full URL is tried before the plain id.
    pub(crate) fn resolve(&self, reference: &str, kind: &str) -> Option<&'a Element> {
        let of_kind = || self.entries.iter().filter(|(_, resource)| resource.name == kind);
        let by_url = of_kind().find(|(url, _)| *url == Some(reference));
        let id = reference.rsplit(['/', ':', '#']).next().unwrap_or(reference);
        let by_id = || of_kind().find(|(_, resource)| resource.value(&["id"]) == Some(id));
        by_url.or_else(by_id).map(|(_, resource)| *resource)
    }

    /// As [`Index::resolve`], for the reference held by a child element.
    pub(crate) fn follow(&self, from: &Element, path: &[&str], kind: &str) -> Option<&'a Element> {
        self.resolve(from.path(path)?.value(&["reference"])?, kind)
    }

    /// Whether two resources of one kind claim the same id.
    pub(crate) fn has_duplicate_ids(&self) -> bool {
        let mut seen = HashSet::new();
        self.entries
            .iter()
            .filter_map(|(_, resource)| Some((resource.name.as_str(), resource.value(&["id"])?)))
            .any(|key| !seen.insert(key))
    }
}

fn collect<'a>(bundle: &'a Element, into: &mut Vec<(Option<&'a str>, &'a Element)>) {
    for entry in bundle.all("entry") {
        let url = entry.value(&["fullUrl"]);
        for resource in entry.child("resource").into_iter().flat_map(Element::elements) {
            into.push((url, resource));
            for contained in resource.all("contained").flat_map(Element::elements) {
                into.push((None, contained));
            }
            if resource.name == "Bundle" {
                collect(resource, into);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    #[test]
    fn reused_ids_are_told_apart_by_kind() {
        let root = parse(
            b"<Bundle><entry><fullUrl value='urn:uuid:1'/><resource><Patient><id value='1'/></Patient></resource></entry>\
              <entry><fullUrl value='urn:uuid:1'/><resource><Task><id value='1'/></Task></resource></entry>\
              <entry><resource><Task><id value='1'/></Task></resource></entry></Bundle>",
        )
        .unwrap();
        let index = Index::of(&root);
        assert_eq!(index.resolve("urn:uuid:1", "Task").unwrap().name, "Task");
        assert_eq!(index.resolve("Patient/1", "Patient").unwrap().name, "Patient");
        assert!(index.resolve("urn:uuid:2", "Task").is_none());
        assert!(index.has_duplicate_ids());
    }

    #[test]
    fn resources_of_an_inner_bundle_are_found() {
        let root = parse(
            b"<Bundle><entry><resource><Bundle><entry><resource><Patient/></resource></entry></Bundle></resource></entry></Bundle>",
        )
        .unwrap();
        assert!(Index::of(&root).first("Patient").is_some());
    }
}
