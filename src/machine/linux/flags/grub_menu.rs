//! The menu in a `grub.cfg` made by `grub-mkconfig`, and its default entry.
//!
//! Only the generator's own output is understood. Anything else (a conditional entry, a computed default) yields no
//! answer rather than a guess.

/// A `menuentry`, or a `submenu` with its entries.
#[derive(Debug, PartialEq)]
pub(super) struct MenuEntry {
    title: String,
    id: Option<String>,
    /// The other words of the heading: `--class`, `--unrestricted`.
    pub(super) options: Vec<String>,
    /// Its commands, line by line, unchanged.
    pub(super) commands: Vec<String>,
    /// The entries of a submenu; `None` for an entry that boots.
    entries: Option<Vec<MenuEntry>>,
    /// Whether the entry exists only under a condition.
    conditional: bool,
}

/// Returns the entry that boots by default. `saved` is the environment block's `saved_entry`.
pub(super) fn default_entry(text: &str, saved: Option<&str>) -> Option<MenuEntry> {
    let mut defaults = text.lines().filter_map(|line| line.trim().strip_prefix("set default="));
    let mut defaults = defaults.by_ref().map(|value| value.trim_matches('"')).filter(|value| *value != "${next_entry}");
    let default = defaults.next().unwrap_or("0");
    if defaults.any(|other| other != default) {
        return None;
    }
    let default = if default == "${saved_entry}" { saved.unwrap_or_default() } else { default };
    let default = if default.is_empty() { "0" } else { default };
    if default.contains('$') {
        return None;
    }
    let (mut entries, _) = entries(&mut text.lines());
    let mut path = parts(default).into_iter().peekable();
    while let Some(name) = path.next() {
        let at = place_of(&entries, &name)?;
        let found = entries.swap_remove(at);
        match (found.entries, path.peek()) {
            (Some(below), Some(_)) => entries = below,
            (None, None) => return Some(MenuEntry { entries: None, ..found }),
            // GRUB would open a submenu and wait there; a path cannot continue below an entry.
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
    None
}

/// Returns the index of the entry `name`, which is a number, a title or an id, as in GRUB.
fn place_of(entries: &[MenuEntry], name: &str) -> Option<usize> {
    let named = |entry: &MenuEntry| entry.title == name || entry.id.as_deref() == Some(name);
    let at = name.parse().ok().or_else(|| entries.iter().position(named))?;
    // A conditional entry may be missing, and the entries after it then have other numbers.
    let certain = entries.get(..=at)?.iter().all(|entry| !entry.conditional);
    certain.then_some(at)
}

/// Splits a path such as `Advanced options>Debian` into names; `>>` stands for a literal `>`.
fn parts(path: &str) -> Vec<String> {
    let marked = path.replace(">>", "\0");
    marked.split('>').map(|part| part.replace('\0', ">")).collect()
}

/// Parses entries up to the `}` that ends them. Also returns all other lines.
fn entries<'a>(lines: &mut impl Iterator<Item = &'a str>) -> (Vec<MenuEntry>, Vec<String>) {
    let (mut entries_here, mut commands) = (Vec::new(), Vec::new());
    let (mut open, mut conditions) = (0_usize, 0_usize);
    while let Some(line) = lines.next() {
        let words = words(line);
        match words.first().map(String::as_str) {
            Some(kind @ ("menuentry" | "submenu"))
                if words.last().is_some_and(|last| last == "{") && words.len() > 2 =>
            {
                let is_submenu = kind == "submenu";
                let (below, commands) = entries(lines);
                let (id, options) = heading(&words[2..words.len() - 1]);
                entries_here.push(MenuEntry {
                    title: words[1].clone(),
                    id,
                    options,
                    commands,
                    entries: is_submenu.then_some(below),
                    conditional: conditions > 0,
                });
                continue;
            }
            Some("}") if open == 0 => break,
            Some("}") => open -= 1,
            Some("if") if words.last().is_none_or(|last| last != "fi") => conditions += 1,
            Some("fi") => conditions = conditions.saturating_sub(1),
            _ if words.last().is_some_and(|last| last == "{") => open += 1,
            _ => {}
        }
        commands.push(line.to_owned());
    }
    (entries_here, commands)
}

/// Returns the id from the words of a heading, and the other words.
fn heading(words: &[String]) -> (Option<String>, Vec<String>) {
    let mut others = Vec::new();
    let mut id = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--id" | "$menuentry_id_option" => id = words.next().cloned(),
            _ => others.push(word.clone()),
        }
    }
    (id, others)
}

/// Splits a line into words as GRUB's shell does: quotes are removed, and `;` ends a word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() || c == ';' => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As made by Debian 12, shortened.
    const DEBIAN: &str = include_str!("../../../../tests/fixtures/grub/grub.cfg-debian");

    fn kernel(text: &str, saved: Option<&str>) -> Option<String> {
        let entry = default_entry(text, saved)?;
        entry.commands.iter().find_map(|line| line.trim().strip_prefix("linux\t")).map(str::to_owned)
    }

    fn debian(default: &str) -> String {
        DEBIAN.replace("set default=\"0\"", &format!("set default=\"{default}\""))
    }

    #[test]
    fn the_default_is_found_by_number_title_id_and_path() {
        let simple = kernel(DEBIAN, None).unwrap();
        assert!(simple.starts_with("/boot/vmlinuz-") && simple.ends_with(" ro console=ttyS0 quiet"), "{simple}");
        let entry = default_entry(DEBIAN, None).unwrap();
        assert_eq!(entry.options, ["--class", "debian", "--class", "gnu-linux", "--class", "gnu", "--class", "os"]);
        let id = entry.id.unwrap();
        for same in ["0", "Debian GNU/Linux", &id] {
            assert_eq!(kernel(&debian(same), None).as_ref(), Some(&simple), "{same}");
            assert_eq!(kernel(&debian("${saved_entry}"), Some(same)).as_ref(), Some(&simple), "{same}");
        }
        assert_eq!(kernel(&debian("${saved_entry}"), None), Some(simple));
        let recovery = kernel(&debian("1>1"), None).unwrap();
        assert!(recovery.contains(" single"), "{recovery}");
        let by_title = "Advanced options for Debian GNU/Linux>1";
        assert_eq!(kernel(&debian(by_title), None), Some(recovery));
    }

    #[test]
    fn unsupported_grub_syntax_is_not_guessed() {
        for default in ["1", "7", "0>0", "no such title", "${chosen}", "1>no such title"] {
            assert_eq!(default_entry(&debian(default), None), None, "{default}");
        }
        let conditional = format!("if true; then\nmenuentry 'a' {{\n\tlinux\t/a\n}}\nfi\n{DEBIAN}");
        assert_eq!(default_entry(&conditional, None), None);
        let two = format!("{DEBIAN}\nset default=\"2\"\n");
        assert_eq!(default_entry(&two, None), None);
    }

    #[test]
    fn quotes_and_escapes_are_grub_s() {
        assert_eq!(words(r"menuentry 'It'\''s' --id a\ b {"), ["menuentry", "It's", "--id", "a b", "{"]);
        assert_eq!(words("a;b # c"), ["a", "b"]);
        assert_eq!(parts("a>>b>c"), ["a>b", "c"]);
    }
}
