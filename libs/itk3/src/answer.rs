//! Questionnaire answers, flattened.

use std::fmt;

use crate::attachment::{Attachment, decode};
use crate::stu3::build;
use crate::xml::Element;

/// Questions nest; deeper ones than this are ignored together with what is below them.
const MAX_NESTING: usize = 16;

/// A coded value.
#[derive(Clone, PartialEq, Eq)]
pub struct Coding {
    /// Code system URL.
    pub system: String,
    /// Code.
    pub code: String,
    /// Display text.
    pub display: Option<String>,
}

/// One answer to one question. A question answered twice gives two with the same `link_id`.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question's id in the questionnaire.
    pub link_id: String,
    /// The question as the patient read it.
    pub text: String,
    /// The answer as text, whatever its type was.
    pub answer: String,
    /// The code, for coded answers.
    pub coding: Option<Coding>,
}

impl fmt::Debug for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coding(***)")
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("link_id", &self.link_id).finish_non_exhaustive()
    }
}

impl Coding {
    pub(crate) fn read(element: &Element) -> Option<Self> {
        Some(Self {
            system: element.value(&["system"]).unwrap_or_default().to_owned(),
            code: element.value(&["code"])?.to_owned(),
            display: element.value(&["display"]).map(str::to_owned),
        })
    }

    pub(crate) fn text(&self) -> String {
        self.display.clone().unwrap_or_else(|| self.code.clone())
    }
}

/// Collects the answers of a QuestionnaireResponse in order, and the files attached to them.
pub(crate) fn read_all(response: &Element, answers: &mut Vec<Answer>, attachments: &mut Vec<Attachment>) {
    for item in response.all("item") {
        read_item(item, MAX_NESTING, answers, attachments);
    }
}

fn read_item(item: &Element, nesting: usize, answers: &mut Vec<Answer>, attachments: &mut Vec<Attachment>) {
    if nesting == 0 {
        return;
    }
    for given in item.all("answer") {
        if let Some(value) = given.elements().find(|element| element.name.starts_with("value")) {
            attachments.extend(attached(value));
            let coding = (value.name == "valueCoding").then(|| Coding::read(value)).flatten();
            if let Some(answer) = value_text(value) {
                answers.push(Answer {
                    link_id: item.value(&["linkId"]).unwrap_or_default().to_owned(),
                    text: item.value(&["text"]).unwrap_or_default().to_owned(),
                    answer,
                    coding,
                });
            }
        }
        for nested in given.all("item") {
            read_item(nested, nesting - 1, answers, attachments);
        }
    }
    for nested in item.all("item") {
        read_item(nested, nesting - 1, answers, attachments);
    }
}

/// Any FHIR `value[x]` as text.
pub(crate) fn value_text(value: &Element) -> Option<String> {
    match value.name.as_str() {
        "valueQuantity" => {
            let number = value.value(&["value"])?;
            let comparator = value.value(&["comparator"]).unwrap_or_default();
            let unit = value.value(&["unit"]).or_else(|| value.value(&["code"])).unwrap_or_default();
            Some(format!("{comparator}{number} {unit}").trim().to_owned())
        }
        "valueCoding" => Some(Coding::read(value)?.text()),
        "valueCodeableConcept" => concept_text(value),
        "valueAttachment" => value.value(&["title"]).or_else(|| value.value(&["url"])).map(str::to_owned),
        "valueReference" => value.value(&["display"]).or_else(|| value.value(&["reference"])).map(str::to_owned),
        "valuePeriod" => {
            let end = |name| value.value(&[name]).unwrap_or("…");
            Some(format!("{} – {}", end("start"), end("end")))
        }
        _ => value.value(&[]).map(str::to_owned),
    }
}

/// The words of a CodeableConcept.
pub(crate) fn concept_text(concept: &Element) -> Option<String> {
    concept
        .value(&["text"])
        .map(str::to_owned)
        .or_else(|| concept.all("coding").find_map(|coding| coding.value(&["display"]).map(str::to_owned)))
        .or_else(|| concept.value(&["coding", "code"]).map(str::to_owned))
}

fn attached(value: &Element) -> Option<Attachment> {
    let content = decode(value.value(&["data"])?)?;
    let content_type = value.value(&["contentType"]).unwrap_or("application/octet-stream").to_owned();
    Some(Attachment { content_type, content })
}

/// Items for a QuestionnaireResponse; neighbouring answers to one question share an item.
pub(crate) fn write_all(answers: &[Answer]) -> Vec<Element> {
    let same_question = |a: &Answer, b: &Answer| a.link_id == b.link_id && a.text == b.text;
    answers
        .chunk_by(same_question)
        .map(|group| {
            Element::new("item")
                .with(Element::primitive("linkId", &group[0].link_id))
                .with(Element::primitive("text", &group[0].text))
                .with_all(group.iter().map(|answer| Element::new("answer").with(write_value(answer))))
        })
        .collect()
}

fn write_value(answer: &Answer) -> Element {
    match &answer.coding {
        Some(coding) => build::coding("valueCoding", &coding.system, &coding.code, coding.display.as_deref()),
        None => Element::primitive("valueString", &answer.answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    #[test]
    fn every_value_type_becomes_text() {
        let xml = b"<QR><item><linkId value='1'/><text value='Fever?'/>\
            <answer><valueBoolean value='true'/><item><linkId value='1.1'/>\
              <answer><valueQuantity><value value='38.5'/><unit value='C'/></valueQuantity></answer></item></answer></item>\
            <item><linkId value='2'/><item><linkId value='2.1'/>\
              <answer><valueCoding><code value='a'/><display value='Cough'/></valueCoding></answer>\
              <answer><valueAttachment><contentType value='image/png'/><data value='YQ=='/><title value='rash'/></valueAttachment></answer>\
              <answer/></item></item></QR>";
        let (mut answers, mut attachments) = (vec![], vec![]);
        read_all(&parse(xml).unwrap(), &mut answers, &mut attachments);
        let texts: Vec<_> = answers.iter().map(|a| (a.link_id.as_str(), a.answer.as_str())).collect();
        assert_eq!(texts, [("1", "true"), ("1.1", "38.5 C"), ("2.1", "Cough"), ("2.1", "rash")]);
        assert_eq!(attachments, [Attachment { content_type: "image/png".into(), content: b"a".to_vec() }]);
    }
}
