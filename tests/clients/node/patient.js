// A made-up patient of the NHS test range, known to the development suite's demographics.

/** A new patient whom demographics has at a practice. In a deployment patients are there already. */
export async function registered(world, practiceOds) {
  const patient = {
    nhs_number: testNumber(),
    family_name: "Zażółć",
    given_names: "Łucja",
    birth_date: "1985-04-12",
    gender: "female",
  };
  const record = {
    nhs_number: patient.nhs_number,
    family: patient.family_name,
    given: patient.given_names,
    birth_date: patient.birth_date,
    gender: patient.gender,
    gp_ods: practiceOds,
    nominated_pharmacy: "FA565",
  };
  const answer = await fetch(world.facts.demographics + "/control/patients", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ patients: [record] }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`demographics says ${answer.status}`);
  return patient;
}

/** A number from 999 000 0000 to 999 999 9999, set aside for tests, with its check digit (modulus 11). */
function testNumber() {
  for (;;) {
    const nine = "999" + String(Math.floor(Math.random() * 1e6)).padStart(6, "0");
    const sum = [...nine].reduce((total, digit, position) => total + Number(digit) * (10 - position), 0);
    const check = (11 - (sum % 11)) % 11;
    if (check !== 10) return nine + check;
  }
}
