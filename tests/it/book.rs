//! The book in docs. Two of its pages are generated: the commands, as `--help` prints them, and the keys of a scenario,
//! from its JSON Schema. A page that differs fails its test; `just bless` writes both.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};

use serde_json::Value;

/// Asserts that a page in docs is equal to `text`; POOLGATE_BLESS writes it there.
#[track_caller]
fn assert_is_committed(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    if std::env::var_os("POOLGATE_BLESS").is_some() {
        fs_err::write(&path, text).unwrap();
    }
    let committed = fs_err::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(committed == text, "docs/{page} is out of date: run `just bless`");
}

// `--help` names the system's own defaults, so the page has those of Linux.
#[cfg(target_os = "linux")]
#[test]
fn the_page_of_commands_has_every_help_text() {
    const HEAD: &str = "# Commands\n\n\
        The output of `--help` on Linux. `poolgate man FOLDER` writes the same as manual pages, and \
        `poolgate completions SHELL`\nprints completions for a shell. Every command also takes the options under \
        \"Output\".\n";
    let mut page = HEAD.to_owned();
    write_help(&mut page, &[]);
    assert_is_committed("commands.md", &page);
}

/// Appends the help of a command and of all commands below it.
#[cfg(target_os = "linux")]
fn write_help(page: &mut String, words: &[&str]) {
    let mut poolgate = Command::new(env!("CARGO_BIN_EXE_poolgate"));
    // Help texts show the values of environment variables.
    poolgate.args(words).arg("--help").env_clear().env("COLUMNS", "100").stdin(Stdio::null());
    let output = poolgate.output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let name = [&["poolgate"], words].concat().join(" ");
    // The options under "Output" are the same for all commands; the first text has them.
    let is_repeated = |part: &&str| part.starts_with("Output:\n") && !words.is_empty();
    let parts: Vec<&str> = help.trim_end().split("\n\n").filter(|part| !is_repeated(part)).collect();
    page.push_str(&format!("\n## {name}\n```text\n{}\n```\n", parts.join("\n\n")));

    let commands = parts.iter().find_map(|part| part.strip_prefix("Commands:\n")).unwrap_or_default();
    for command in commands.lines().filter_map(|line| line.split_whitespace().next()).filter(|word| *word != "help") {
        write_help(page, &[words, &[command]].concat());
    }
}

#[test]
fn the_page_of_scenario_keys_has_every_key_of_the_schema() {
    const HEAD: &str = "# Scenario keys\n\n\
        Every key of a scenario, from the JSON Schema that `poolgate schema` prints. [scenario.md](scenario.md) \
        explains how\nthe keys work together. Any other key is a mistake.\n";
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/scenario.schema.json");
    let schema: Value = serde_json::from_str(&fs_err::read_to_string(schema).unwrap()).unwrap();
    let keys = Keys::new(&schema);
    let mut page = HEAD.to_owned() + "\n## The file\n" + &keys.table(&schema);
    for (name, places) in &keys.mappings {
        let definition = &schema["definitions"][name];
        page += &format!("\n## {}\n{}\n\n{}", places.join(", "), text(definition), keys.table(definition));
    }
    page += "\n## Choices\n| key | choice | meaning |\n|---|---|---|\n";
    for (name, places) in &keys.choices {
        for choice in schema["definitions"][name]["oneOf"].as_array().unwrap() {
            page += &format!("| {} | {} | {} |\n", places.join(", "), code(&choice["const"]), text(choice));
        }
    }
    page += "\n## Values\n| value | form | examples |\n|---|---|---|\n";
    let mut values = BTreeMap::new();
    collect_values(&schema, &mut values);
    for (title, value) in values {
        page += &format!("| {title} | {} | {} |\n", text(value), code(&value["examples"]));
    }
    assert_is_committed("scenario-keys.md", &page);
}

/// The definitions of a schema, each with the keys that hold it, in the order of these keys.
struct Keys<'a> {
    schema: &'a Value,
    mappings: Vec<(String, Vec<String>)>,
    choices: Vec<(String, Vec<String>)>,
}

impl Keys<'_> {
    fn new(schema: &Value) -> Keys<'_> {
        let mut places = BTreeMap::new();
        find(schema, schema, "", &mut places);
        let mut places: Vec<(String, Vec<String>)> = places.into_iter().collect();
        places.sort_by(|(_, first), (_, second)| first.cmp(second));
        let (mappings, choices) =
            places.into_iter().partition(|(name, _)| schema["definitions"][name]["properties"].is_object());
        Keys { schema, mappings, choices }
    }

    /// A table of a mapping's keys.
    fn table(&self, mapping: &Value) -> String {
        let required = mapping["required"].as_array().cloned().unwrap_or_default();
        let mut table = "| key | value | default | meaning |\n|---|---|---|---|\n".to_owned();
        for (key, value) in mapping["properties"].as_object().unwrap() {
            let default = match &value["default"] {
                _ if required.contains(&Value::from(key.as_str())) => "required".to_owned(),
                Value::Null => String::new(),
                Value::Array(list) if list.is_empty() => "none".to_owned(),
                Value::Object(_) => "as below".to_owned(),
                default => code(default),
            };
            table += &format!("| `{key}` | {} | {default} | {} |\n", self.value(value), text(value));
        }
        table
    }

    /// The values that a key takes.
    fn value(&self, value: &Value) -> String {
        if let Some(name) = referred(value) {
            let definition = &self.schema["definitions"][name];
            return match self.mappings.iter().find(|(mapping, _)| mapping == name) {
                Some((_, places)) => {
                    let heading = places.join(", ");
                    let anchor = heading.replace(['.', ','], "").replace(' ', "-");
                    format!("[a mapping](#{anchor})")
                }
                None => self.value(definition),
            };
        }
        if has_choices(value) {
            let choices = value["oneOf"].as_array().unwrap().iter().map(|choice| code(&choice["const"]));
            return format!("[{}](#choices)", choices.collect::<Vec<_>>().join(", "));
        }
        if let Some(forms) = value["oneOf"].as_array() {
            return forms.iter().map(|form| self.value(form)).collect::<Vec<_>>().join(", or ");
        }
        match (&value["title"], value["type"].as_str()) {
            (Value::String(title), _) => format!("[{title}](#values)"),
            (_, Some("array")) => format!("a list: {}", self.value(&value["items"])),
            (_, Some("integer")) => "a whole number".to_owned(),
            (_, Some("boolean")) => "`true`, `false`".to_owned(),
            _ => "text".to_owned(),
        }
    }
}

/// Collects the mappings and choices below `value`, with the path of keys to each.
fn find(schema: &Value, value: &Value, path: &str, places: &mut BTreeMap<String, Vec<String>>) {
    for (key, value) in value["properties"].as_object().into_iter().flatten() {
        let value = if value["items"].is_object() { &value["items"] } else { value };
        let Some(name) = referred(value) else { continue };
        let definition = &schema["definitions"][name];
        if definition["properties"].is_object() || has_choices(definition) {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            find(schema, definition, &path, places);
            places.entry(name.to_owned()).or_default().push(path);
        }
    }
}

/// Whether a definition is a list of fixed values.
fn has_choices(definition: &Value) -> bool {
    !definition["oneOf"][0]["const"].is_null()
}

/// Collects every value that has a title, by its title. A key of such a value may replace the description by its own, so
/// the longest one is kept.
fn collect_values<'a>(schema: &'a Value, values: &mut BTreeMap<&'a str, &'a Value>) {
    if let (Some(title), true) = (schema["title"].as_str(), schema["examples"].is_array()) {
        let longest = values.entry(title).or_insert(schema);
        if text(longest).len() < text(schema).len() {
            *longest = schema;
        }
    }
    match schema {
        Value::Object(parts) => parts.values().for_each(|part| collect_values(part, values)),
        Value::Array(parts) => parts.iter().for_each(|part| collect_values(part, values)),
        _ => {}
    }
}

/// The name of the definition that a value refers to.
fn referred(value: &Value) -> Option<&str> {
    let reference = value["$ref"].as_str().or_else(|| value["allOf"][0]["$ref"].as_str())?;
    reference.rsplit('/').next()
}

/// The description of a value, as one line of a Markdown table.
fn text(value: &Value) -> String {
    let description = value["description"].as_str().unwrap_or_default();
    description.replace('\n', " ").replace('*', r"\*").replace('|', r"\|")
}

/// Values as code, with commas between them.
fn code(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(values) => values.iter().map(code).collect::<Vec<_>>().join(", "),
        Value::String(text) => format!("`{}`", text.replace('|', r"\|")),
        other => format!("`{other}`"),
    }
}

/// A block of YAML that names a scenario is a whole one; other blocks show a part.
#[test]
fn every_scenario_in_the_documentation_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs_err::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|kind| kind == "md")).chain([root.join("README.md")]);
    let mut checked = 0;
    for page in pages {
        let document = fs_err::read_to_string(&page).unwrap();
        let blocks = document.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        for scenario in blocks.filter(|block| block.starts_with("scenario:")) {
            if let Err(mistakes) = poolgate::scenario::parse(&page.display().to_string(), scenario.as_bytes()) {
                panic!("{}", mistakes.render());
            }
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked} scenarios");
}
