//! `ehub token`: an access token of the development issuer, or everybody one can be had for.

use serde_json::{Value, json};

use super::context::Context;
use crate::{
    arguments::Token,
    dev::world::{PERSONAS, Persona},
    output::{self, Column, Form, Format},
};

const COLUMNS: [Column; 5] = [
    Column("PERSONA", "persona", Form::Plain),
    Column("ORGANISATION", "organisation_ods", Form::Plain),
    Column("ROLE", "role", Form::Plain),
    Column("NAME", "name", Form::Plain),
    Column("SCOPES", "scopes", Form::Plain),
];

/// Prints the token alone, so that `$(ehub token gp-anna)` works; or lists.
pub async fn run(context: &Context, token: &Token) -> anyhow::Result<()> {
    let named = token.persona.clone().or_else(|| {
        let said = context.persona_or("");
        (!said.is_empty()).then_some(said)
    });
    let Some(name) = named else {
        let rows: Vec<Value> = PERSONAS.iter().map(shown).collect();
        output::list("personas", &rows, &COLUMNS, "there is nobody");
        return Ok(());
    };
    let bearer = context.session(&name)?.token().await?;
    match output::format() {
        Format::Table => output::line(&bearer),
        Format::Json => output::record(&json!({ "persona": name, "access_token": bearer, "token_type": "Bearer" })),
    }
    Ok(())
}

fn shown(persona: &Persona) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    json!({
        "persona": persona.name,
        "organisation_ods": persona.organisation,
        "role": text(persona.role),
        "name": text(persona.full_name),
        "scopes": persona.scopes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_shown_with_their_scopes() {
        for persona in &PERSONAS {
            let shown = shown(persona);
            assert_eq!(shown["persona"], persona.name);
            assert!(shown["scopes"].as_array().is_some_and(|scopes| !scopes.is_empty()), "{}", persona.name);
        }
    }
}
