//! Holds the project to its own map: what may know what, where things are done, how large they are.

mod arrows;
mod bites;
mod crates;
mod dependencies;
mod migrations;
mod places;
mod shape;
mod size;
mod telemetry;

use ehub_architecture_tests::{Exceptions, Finding, Project};

/// How many exceptions there are. It only goes down: an exception more means a better design
/// somewhere else.
const EXCEPTIONS: usize = 5;

type Rule = fn(&Project) -> Vec<Finding>;

/// Makes a test of each rule, and knows them all.
macro_rules! rules {
    ($($name:ident = $rule:path;)*) => {
        $(#[test] fn $name() { hold($rule); })*
        const ALL: &[Rule] = &[$($rule),*];
    };
}

rules! {
    no_service_knows_another = crates::services_apart;
    libraries_know_no_service = crates::libraries_below_services;
    crates_are_named_for_one_thing = crates::names;
    opentelemetry_has_one_owner = crates::opentelemetry;
    opentelemetry_is_named_in_one_place = places::opentelemetry;
    the_domain_knows_nothing_but_identifiers_and_calendar = arrows::domain;
    rooms_are_entered_by_their_own_doors = arrows::rooms;
    generated_types_stay_at_the_border = places::proto;
    sql_is_in_storage = places::sqlx;
    the_environment_is_read_in_one_place = places::environment;
    statuses_are_made_of_faults = places::statuses;
    the_work_role_is_for_workers = places::work_role;
    spans_skip_their_arguments = places::instrument;
    every_queue_has_a_bound = places::unbounded;
    files_are_short = size::files;
    functions_are_short = size::functions_within;
    services_have_one_shape = shape::services;
    modules_say_what_they_are = shape::module_comments;
    licences_ask_for_no_more_than_a_notice = dependencies::licences;
    crates_come_from_one_registry = dependencies::sources;
    what_is_banned_stays_out = dependencies::bans;
    migrations_are_named_and_numbered = migrations::names;
    log_fields_are_registered = telemetry::log_fields;
}

fn hold(rule: Rule) {
    let left = Exceptions::read().sift(rule(&Project::read()));
    let lines: Vec<_> = left.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} found:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn exceptions_are_needed_and_do_not_grow() {
    let exceptions = Exceptions::read();
    let project = Project::read();
    for rule in ALL {
        let _ = exceptions.sift(rule(&project));
    }
    assert!(exceptions.unused().is_empty(), "no longer needed, take them out:\n{}", exceptions.unused().join("\n"));
    assert_eq!(exceptions.count(), EXCEPTIONS, "exceptions only become fewer; when they did, lower the number here");
}
