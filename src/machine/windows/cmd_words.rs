//! Splits a command line of cmd.exe into words, without running it.
//!
//! Variables are not expanded. In doubt it returns too many commands; the caller only inspects the words and never runs
//! them.

/// Returns the commands in `line`, each as its words. `&`, `|`, parentheses and a new line end a command; redirections,
/// commas and semicolons only end a word (Microsoft Learn, "cmd").
pub(super) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    let mut word = String::new();
    let (mut quoted, mut escaped) = (false, false);
    let end_word = |word: &mut String, commands: &mut Vec<Vec<String>>| {
        if let (false, Some(command)) = (word.is_empty(), commands.last_mut()) {
            command.push(std::mem::take(word));
        }
    };
    for char in line.chars() {
        match char {
            _ if escaped => {
                escaped = false;
                word.push(char);
            }
            '"' => quoted = !quoted,
            _ if quoted => word.push(char),
            '^' => escaped = true,
            // `@` at the start of a command suppresses its echo.
            '@' if word.is_empty() => {}
            '&' | '|' | '(' | ')' | '\n' => {
                end_word(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            '<' | '>' | ',' | ';' => end_word(&mut word, &mut commands),
            char if char.is_whitespace() => end_word(&mut word, &mut commands),
            char => word.push(char),
        }
    }
    end_word(&mut word, &mut commands);
    commands.retain(|command| !command.is_empty());
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_commands_and_words_as_cmd_would() {
        for (line, expected) in [
            (r"load.cmd", vec![vec![r"load.cmd"]]),
            (r"a&b && c||d|e", vec![vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"]]),
            (
                r#"(cd /d "C:\my lab" && x.exe) >out 2>&1"#,
                vec![vec!["cd", "/d", r"C:\my lab"], vec!["x.exe"], vec!["out", "2"], vec!["1"]],
            ),
            (r#"cmd /c "a & b" c^&d"#, vec![vec!["cmd", "/c", "a & b", "c&d"]]),
            ("@echo off", vec![vec!["echo", "off"]]),
            ("", Vec::new()),
        ] {
            assert_eq!(commands(line), expected, "{line}");
        }
    }
}
