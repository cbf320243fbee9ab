//! The words of a shell command line, as far as they can be known without running it.
//!
//! This is not a shell: variables and patterns stay unexpanded. In doubt it returns too many commands, which does no
//! harm, since words are only checked, never run.

/// Returns the commands in `line`, each as its words. Every character that may begin another command ends one: `;`,
/// `&`, `|`, parentheses, backticks, a new line. Redirections only end a word.
pub(super) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![String::new()];
    let (mut quote, mut escaped) = (None, false);
    for char in line.chars() {
        let Some(command) = commands.last_mut() else { break };
        if escaped {
            escaped = false;
            command.push(char);
            continue;
        }
        match (quote, char) {
            (None | Some('"'), '\\') => {
                escaped = true;
                command.push(char);
            }
            (None, '\'' | '"') => {
                quote = Some(char);
                command.push(char);
            }
            (Some(open), char) if open == char => {
                quote = None;
                command.push(char);
            }
            (None, ';' | '&' | '|' | '(' | ')' | '`' | '\n') => commands.push(String::new()),
            (None, '<' | '>') => command.push(' '),
            (_, char) => command.push(char),
        }
    }
    let words = commands.iter().map(|command| {
        // With an unclosed quote the shell fails; until then every word counts.
        shlex::split(command).unwrap_or_else(|| command.split_whitespace().map(str::to_owned).collect())
    });
    words.filter(|words| !words.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_commands_and_words_as_the_shell_would() {
        for (line, expected) in [
            ("./load.sh", vec![vec!["./load.sh"]]),
            ("a;b && c||d|e & f", vec![vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"], vec!["f"]]),
            ("(cd x && ./y) >out 2>&1", vec![vec!["cd", "x"], vec!["./y"], vec!["out", "2"], vec!["1"]]),
            ("a 'b; c' \"d && e\" f\\;g", vec![vec!["a", "b; c", "d && e", "f;g"]]),
            ("x=$(./tool 1)\ny `./z`", vec![vec!["x=$"], vec!["./tool", "1"], vec!["y"], vec!["./z"]]),
            ("a # b; c", vec![vec!["a"], vec!["c"]]),
            ("a 'never closed", vec![vec!["a", "'never", "closed"]]),
            ("a \"\\\"; b\" c", vec![vec!["a", "\"; b", "c"]]),
            ("", Vec::new()),
        ] {
            assert_eq!(commands(line), expected, "{line}");
        }
    }
}
