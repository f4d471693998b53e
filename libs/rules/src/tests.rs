//! Rule sets as their authors write them.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Match, RuleSet, RuleSetError};

fn set(conditions: &[(&str, &str)], default: &Value) -> Result<RuleSet, RuleSetError> {
    let rules: Vec<Value> =
        conditions.iter().map(|(id, when)| json!({"id": id, "when": when, "then": {"by": id}})).collect();
    RuleSet::parse(
        &json!({"id": "s", "version": "1", "approved_by": null, "rules": rules, "default": default}).to_string(),
    )
}

fn one(when: &str) -> Result<RuleSet, RuleSetError> {
    set(&[("r", when)], &Value::Null)
}

fn holds(when: &str, item: &Value) -> bool {
    let evaluation = one(when).unwrap_or_else(|error| panic!("{when}: {error}")).evaluate(item);
    assert_eq!(evaluation.errors, [], "{when}");
    !evaluation.matched.is_empty()
}

#[test]
fn other_shapes_are_refused() {
    for json in ["", "[]", "{\"id\": \"s\"}", "{\"id\":\"s\",\"version\":\"1\",\"rules\":[],\"extra\":1}"] {
        assert!(matches!(RuleSet::parse(json), Err(RuleSetError::Shape { .. })), "{json}");
    }
    assert!(matches!(RuleSet::parse("{\"id\":\" \",\"version\":1,\"rules\":[]}"), Err(RuleSetError::Unnamed)));
}

#[test]
fn size_and_number_are_bounded() {
    assert!(matches!(RuleSet::parse(&" ".repeat(256 * 1024 + 1)), Err(RuleSetError::TooLarge)));
    let ids: Vec<String> = (0..501).map(|n| n.to_string()).collect();
    let conditions: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "true")).collect();
    assert!(matches!(set(&conditions, &Value::Null), Err(RuleSetError::TooManyRules)));
    assert!(set(&conditions[..500], &Value::Null).is_ok());
}

#[test]
fn ids_are_unique_and_default_is_reserved() {
    assert!(
        matches!(set(&[("a", "true"), ("a", "true")], &Value::Null), Err(RuleSetError::Id { rule }) if rule == "a")
    );
    assert!(matches!(set(&[("default", "true")], &Value::Null), Err(RuleSetError::Id { .. })));
}

#[test]
fn compile_errors_name_the_rule() {
    for when in ["", "item.", "item.a ==", "1 +* 2", "item.?a"] {
        let error = set(&[("fine", "true"), ("broken", when)], &Value::Null).unwrap_err();
        assert!(matches!(&error, RuleSetError::Compile { rule, .. } if rule == "broken"), "{when}: {error}");
        assert!(error.to_string().starts_with("rule broken: "));
    }
}

#[test]
fn no_condition_exhausts_the_stack() {
    for n in [20, 100, 1_000, 8_000] {
        for when in [
            format!("{}true{}", "(".repeat(n), ")".repeat(n)),
            format!("{}1{} == 1", "[".repeat(n), "]".repeat(n)),
            format!("{}0{} == 1", "item[".repeat(n), "]".repeat(n)),
            format!("item{} == 1", "[0]".repeat(n)),
            format!("item{} == 1", ".size()".repeat(n)),
            format!("item{} == 1", ".a".repeat(n)),
            format!("{}true", "!".repeat(n)),
            format!("{}1 == 1", "1+".repeat(n)),
            format!("{}true", "false?true:".repeat(n)),
            format!("{}true", "a.all(a,".repeat(n)),
            format!("phrase({}", "'".repeat(n)),
        ] {
            // Twenty levels may pass, and are then evaluated; the rest is refused.
            if let Ok(rules) = one(&when) {
                let _ = rules.evaluate(&json!({"a": true}));
            }
        }
    }
    assert!(matches!(one(&format!("{}1 == 1", "1+".repeat(100))), Err(RuleSetError::Unwieldy { .. })));
    assert!(matches!(one(&" ".repeat(16 * 1024 + 1)), Err(RuleSetError::Unwieldy { .. })));
    assert!(holds(&format!("{}true", "true && ".repeat(1_000)), &json!({})), "long chains are balanced, not deep");
}

#[test]
fn unknown_names_are_refused_before_they_run() {
    for (when, unknown) in [
        ("itme.age > 1", "itme"),
        ("frase(item.text, ['a'])", "frase"),
        ("item.text.matches('a+')", "matches"),
        ("item.list.exists(a, b == 1)", "b"),
        ("item.list.exists(a, true) && a == 1", "a"),
        ("Thing{a: 1} == item", "Thing"),
    ] {
        assert!(matches!(one(when), Err(RuleSetError::Unknown { name, .. }) if name == unknown), "{when}");
    }
}

#[test]
fn loops_nest_twice_and_no_deeper() {
    assert!(holds("item.a.exists(x, item.a.exists(y, x == y))", &json!({"a": [1]})));
    let three = "item.a.exists(x, item.a.exists(y, item.a.exists(z, x == y && y == z)))";
    assert!(matches!(one(three), Err(RuleSetError::Nested { .. })));
}

#[test]
fn phrases_must_be_written_out_and_say_something() {
    for when in [
        "phrase(item.text, [])",
        "phrase(item.text, ['a', '--'])",
        "phrase(item.text, item.phrases)",
        "phrase(item.text)",
        "phrase(item.text, [1])",
    ] {
        assert!(matches!(one(when), Err(RuleSetError::Phrase { .. })), "{when}");
    }
}

#[test]
fn a_failing_rule_is_listed_and_the_others_still_count() {
    let rules = set(
        &[
            ("missing", "item.absent == 1"),
            ("type", "item.age > 'x'"),
            ("word", "item.age"),
            ("text", "phrase(item.age, ['a'])"),
            ("good", "item.age == 7"),
        ],
        &Value::Null,
    );
    let evaluation = rules.unwrap().evaluate(&json!({"age": 7}));
    assert_eq!(evaluation.matched, [Match { rule_id: "good".to_owned(), then: json!({"by": "good"}) }]);
    let failed: Vec<&str> = evaluation.errors.iter().map(|failure| failure.rule_id.as_str()).collect();
    assert_eq!(failed, ["missing", "type", "word", "text"]);
    assert_eq!(evaluation.errors[0].problem, "the item has no \"absent\"");
}

#[test]
fn failures_never_quote_the_item() {
    let item = json!({"name": "Zebedee", "list": ["Zebedee"], "map": {}});
    for when in [
        "item.name > 1",
        "item.name + 1 == 2",
        "item.list[3] == 'a'",
        "item[item.name] == 1",
        "item.map[item.name]",
        "int(item.name) == 1",
        "-item.name == 1",
        "item.name ? true : false",
        "size(1) == 1",
    ] {
        let evaluation = one(when).unwrap().evaluate(&item);
        assert_eq!(evaluation.errors.len(), 1, "{when}: {evaluation:?}");
        assert!(!evaluation.errors[0].problem.contains("Zebedee"), "{when}: {}", evaluation.errors[0].problem);
    }
}

#[test]
fn all_matches_come_in_order_and_the_default_only_without() {
    let rules = set(&[("b", "item.n > 1"), ("a", "item.n > 2"), ("c", "item.n > 9")], &json!({"by": "none"})).unwrap();
    let matched: Vec<String> =
        rules.evaluate(&json!({"n": 3})).matched.into_iter().map(|found| found.rule_id).collect();
    assert_eq!(matched, ["b", "a"]);
    assert_eq!(rules.evaluate(&json!({"n": 3})).default, None);
    assert_eq!(rules.evaluate(&json!({"n": 0})).default, Some(json!({"by": "none"})));
    assert_eq!(rules.first(&json!({"n": 3})), Some(("b".to_owned(), json!({"by": "b"}))));
    assert_eq!(rules.first(&json!({"n": 0})), Some(("default".to_owned(), json!({"by": "none"}))));
}

#[test]
fn a_decision_tells_which_earlier_rules_failed() {
    let rules = set(&[("a", "item.gone == 1"), ("b", "true"), ("c", "item.gone == 2")], &Value::Null).unwrap();
    let decision = rules.decide(&json!({})).unwrap();
    assert_eq!(decision.rule_id, "b");
    assert_eq!(decision.errors.len(), 1);
}

#[test]
fn a_final_destination_can_be_required() {
    assert!(matches!(one("true").unwrap().require_default(), Err(RuleSetError::NoDefault)));
    assert!(one("false").unwrap().first(&json!({})).is_none());
    assert!(set(&[], &json!({"to": "practice"})).unwrap().require_default().is_ok());
}

#[test]
fn approval_and_version_can_be_read() {
    let rules = RuleSet::parse("{\"id\":\"screening\",\"version\":3,\"approved_by\":\"CSO\",\"rules\":[]}").unwrap();
    assert_eq!((rules.id(), rules.version(), rules.approved_by()), ("screening", "3", Some("CSO")));
    let blank = RuleSet::parse("{\"id\":\"s\",\"version\":\"v\",\"approved_by\":\" \",\"rules\":[]}").unwrap();
    assert_eq!(blank.approved_by(), None);
}

#[test]
fn the_documented_functions_work() {
    let item = json!({"age": 7, "weight": 20.5, "big": u64::MAX, "text": "Chest pain", "list": ["x", "y"], "answers": {"q1": "yes"}, "none": null,
        "texts": ["ok", "chest  PAIN"]});
    for when in [
        "item.age + 1 == 8 && item.age < 16 && item.age >= 7.0 && -item.age < 0",
        "item.weight > 20.0 && item.big > 1u",
        "item.text.contains('pain') && item.text.startsWith('Chest') && item.text.endsWith('pain')",
        "size(item.list) == 2 && item.list.size() == 2 && 'x' in item.list && !('z' in item.list)",
        "item.list.exists(v, v == 'y') && item.list.all(v, size(v) == 1) && item.list.filter(v, v == 'x') == ['x']",
        "item.list.map(v, v + '!')[0] == 'x!' && item.list.exists_one(v, v == 'x')",
        "has(item.answers.q1) && !has(item.answers.q2) && item.answers['q1'] == 'yes'",
        "item.none == null && (has(item.absent) ? item.absent == 1 : true)",
        "item.absent == 1 || item.age == 7",
        "string(item.age) == '7' && int('7') == item.age && double('7.5') > 7.0 && item.age * 2 / 7 % 3 != 1",
        "phrase(item.text, ['headache', 'chest pain']) && item.text.phrase(['chest pain']) && phrase(item.texts, ['chest pain'])",
        "!phrase(item.none, ['a']) && !phrase(item.text, ['pai'])",
    ] {
        assert!(holds(when, &item), "{when}");
    }
}

#[test]
fn a_rule_set_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<RuleSet>();
}

proptest! {
    #[test]
    fn no_text_makes_parsing_panic(when in ".{0,60}") {
        let _ = one(&when);
    }

    #[test]
    fn comparisons_agree_with_ours(age in -5_i64..130, limit in -5_i64..130) {
        prop_assert_eq!(holds(&format!("item.age >= {limit}"), &json!({"age": age})), age >= limit);
    }
}
