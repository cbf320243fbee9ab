//! Removes poolgate's part of a setting that others edited during the run, and keeps their part.
//!
//! Each function takes the text before the run, the text that the run wrote, and the current text; `None` stands for an
//! absent file. A text without poolgate's part is returned unchanged. The result is `None` if poolgate's part cannot be
//! separated from the other edits.

use super::{Setting, command_line, grub, grub_once, kernel_install};

/// Returns the text of `setting` with the other edits and without poolgate's.
pub(super) fn undone(
    setting: Setting,
    original: Option<&str>,
    wanted: &str,
    now: Option<&str>,
) -> Option<Option<String>> {
    // The file was removed, and poolgate's part with it.
    let Some(now) = now else { return Some(None) };
    if now == wanted {
        return Some(original.map(str::to_owned));
    }
    match setting {
        Setting::GrubDropIn | Setting::GrubDefault => {
            let rest = without_assignment(original.unwrap_or_default(), wanted, now)?;
            let nothing = rest.is_empty() && original.is_none() && now != rest;
            Some((!nothing).then_some(rest))
        }
        Setting::KernelCmdline => {
            let added = kernel_install::added(original, wanted);
            let rest = command_line::less_last(now, &added);
            let ours = || command_line::same_words(&rest, &command_line::less_last(wanted, &added));
            // An interrupted restore leaves the line without the added parameters, and would remove the file next.
            Some((original.is_some() || !ours()).then_some(rest))
        }
        Setting::GrubCustom(_) => {
            let rest = grub_once::without(original.unwrap_or_default(), wanted, now)?;
            let nothing = rest.is_empty() && original.is_none() && now != rest;
            Some((!nothing).then_some(rest))
        }
        // Another program chose this entry for the next boot.
        Setting::GrubNext(_) | Setting::LoaderNext => Some(Some(now.to_owned())),
        // The file is poolgate's own, including any edits in it.
        Setting::LoaderEntry(_) => Some(original.map(str::to_owned)),
    }
}

/// Returns the parameters that the run added to `setting`.
pub(super) fn added<'a>(setting: Setting, original: Option<&str>, wanted: &'a str) -> Vec<&'a str> {
    match setting {
        Setting::GrubDropIn | Setting::GrubDefault => {
            let block = wanted.strip_prefix(original.unwrap_or_default()).unwrap_or(wanted);
            block.lines().filter_map(grub::added).next_back().unwrap_or_default().split(' ').collect()
        }
        Setting::KernelCmdline => kernel_install::added(original, wanted),
        Setting::GrubCustom(_) | Setting::GrubNext(_) | Setting::LoaderEntry(_) | Setting::LoaderNext => Vec::new(),
    }
}

/// Returns `now` without the two lines that [`grub::with`] added to `original`: a comment and an assignment.
fn without_assignment(original: &str, wanted: &str, now: &str) -> Option<String> {
    let block = wanted.strip_prefix(original)?;
    let ended = !block.starts_with('\n');
    let mut ours = block.lines().filter(|line| !line.is_empty());
    let (comment, assignment) = (ours.next()?, ours.next()?);
    let parameters: Vec<&str> = grub::added(assignment)?.split(' ').collect();

    let mut lines: Vec<String> = now.split_inclusive('\n').map(str::to_owned).collect();
    let last = |lines: &[String], text: &str| lines.iter().rposition(|line| line.trim_end_matches('\n') == text);
    let mut end = lines.len();
    let comment = last(&lines, comment);
    if let Some(at) = comment {
        lines.remove(at);
        end = at;
    }
    let edited = comment.filter(|&at| lines.get(at).is_some_and(|line| grub::added(line.trim_end()).is_some()));
    if let Some(at) = edited.or_else(|| last(&lines, assignment)) {
        let words = grub::added(lines[at].trim_end()).unwrap_or_default();
        let theirs: Vec<&str> = words.split(' ').filter(|word| !parameters.contains(word)).collect();
        if theirs.is_empty() {
            lines.remove(at);
            end = at;
        } else {
            lines[at] = grub::assignment(&theirs.join(" ")) + "\n";
        }
    }
    let mut rest = lines.concat();
    if !ended && end == lines.len() && end > 0 && rest.len() < now.len() {
        // The line end before the two lines was poolgate's, too.
        rest.truncate(rest.strip_suffix('\n').unwrap_or(&rest).len());
    }
    let known: Vec<&str> = original.lines().collect();
    let mut foreign = rest.lines().filter(|line| !known.contains(line));
    let left = foreign.any(|line| parameters.iter().any(|parameter| grub::assigns(line, parameter)));
    (!left).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARAMETERS: [&str; 2] = ["slab_nomerge", "panic=30"];

    fn some(text: &str) -> Option<Option<String>> {
        Some(Some(text.to_owned()))
    }

    #[track_caller]
    fn undone_grub(original: Option<&str>, edit: impl Fn(&str) -> String) -> Option<Option<String>> {
        let wanted = grub::with(original, &PARAMETERS);
        undone(Setting::GrubDropIn, original, &wanted, Some(&edit(&wanted)))
    }

    fn undone_line(original: &str, edit: impl Fn(&str) -> String) -> Option<Option<String>> {
        let wanted = command_line::with(original, &PARAMETERS);
        undone(Setting::KernelCmdline, Some(original), &wanted, Some(&edit(&wanted)))
    }

    #[test]
    fn lines_of_others_stay_around_ours() {
        let theirs = |wanted: &str| format!("B=2\n{wanted}C=3\n");
        assert_eq!(undone_grub(Some("A=1\n"), theirs), some("B=2\nA=1\nC=3\n"));
        assert_eq!(undone_grub(Some("A=1"), theirs), some("B=2\nA=1\nC=3\n"));
        assert_eq!(undone_grub(Some("A=1"), |wanted| wanted.replace("A=1", "A=2")), some("A=2"));
        assert_eq!(undone_grub(None, theirs), some("B=2\nC=3\n"));
        assert_eq!(
            undone_grub(None, |wanted| wanted.replace("# Written by poolgate", "# written")),
            some("# written for the time of a run, which puts this file back as it was.\n")
        );
    }

    #[test]
    fn parameters_that_others_added_to_our_line_stay() {
        let theirs = |wanted: &str| wanted.replace("panic=30", "panic=30 theirs");
        let kept = "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX theirs\"\n";
        assert_eq!(undone_grub(Some("A=1\n"), theirs), some(&format!("A=1\n{kept}")));
        assert_eq!(undone_grub(None, theirs), some(kept));
    }

    #[test]
    fn one_remaining_line_of_ours_is_removed() {
        let line = |at: usize| move |wanted: &str| wanted.lines().nth(at).unwrap().to_owned() + "\n";
        for at in [0, 1] {
            assert_eq!(undone_grub(None, line(at)), Some(None), "{at}");
        }
    }

    #[test]
    fn a_file_without_our_lines_is_left_as_it_is() {
        for text in ["", "A=1\n", "B=2", "GRUB_CMDLINE_LINUX=\"quiet\"\n"] {
            assert_eq!(undone_grub(Some("A=1\n"), |_| text.to_owned()), some(text));
        }
        let wanted = grub::with(None, &PARAMETERS);
        assert_eq!(undone(Setting::GrubDropIn, None, &wanted, None), Some(None));
    }

    #[test]
    fn a_moved_parameter_cannot_be_distinguished_from_ours() {
        let moved = "GRUB_CMDLINE_LINUX=\"quiet slab_nomerge\"\n";
        assert_eq!(undone_grub(Some("GRUB_CMDLINE_LINUX=\"quiet\"\n"), |_| moved.to_owned()), None);
        // It was there before the run.
        assert_eq!(undone_grub(Some(moved), |_| format!("B=2\n{moved}")), some(&format!("B=2\n{moved}")));
    }

    #[test]
    fn words_of_others_stay_on_a_command_line() {
        let theirs = |wanted: &str| wanted.replace("quiet", "loud").replace('\n', " theirs\n");
        assert_eq!(undone_line("root=/dev/sda1 quiet\n", theirs), some("root=/dev/sda1 loud theirs\n"));
        let parted = |wanted: &str| wanted.replace("panic=30", "theirs panic=30");
        assert_eq!(undone_line("quiet\n", parted), some("quiet theirs\n"));
        assert_eq!(undone_line("quiet\n", |_| "quiet\n".to_owned()), some("quiet\n"));
    }

    #[test]
    fn a_command_line_file_of_the_run_is_removed_unless_others_edited_it() {
        let wanted = "root=/dev/sda1 quiet poolgate.added slab_nomerge\n";
        let undone = |now: &str| undone(Setting::KernelCmdline, None, wanted, Some(now));
        assert_eq!(undone(wanted), Some(None));
        // The state after a restore that was interrupted before it removed the file.
        assert_eq!(undone("root=/dev/sda1 quiet\n"), Some(None));
        assert_eq!(
            undone("root=/dev/sda1 quiet theirs poolgate.added slab_nomerge\n"),
            some("root=/dev/sda1 quiet theirs\n")
        );
        assert_eq!(undone("root=/dev/sda1 poolgate.added slab_nomerge theirs\n"), some("root=/dev/sda1 theirs\n"));
    }

    proptest! {
        /// undo(edit(with(x))) == edit(x), for GRUB's files.
        #[test]
        fn edits_around_our_lines_survive(
            before in proptest::option::of(proptest::collection::vec("[A-Z]{1,3}=[a-z \"]{0,4}|#[a-z ]{0,5}|", 0..5)),
            ended: bool,
            inserted in proptest::collection::vec((0usize..6, "[a-z]{1,6}"), 0..4),
            removed in proptest::collection::vec(0usize..6, 0..3),
            behind in proptest::collection::vec("[a-z]{1,6}", 0..3),
        ) {
            let text = |lines: &[String], ended: bool| match lines {
                [] => String::new(),
                lines => lines.join("\n") + if ended { "\n" } else { "" },
            };
            // Only a non-empty last line can lack its line end.
            let ended = ended || before.as_ref().and_then(|lines| lines.last()).is_none_or(String::is_empty);
            let original = before.as_ref().map(|lines| text(lines, ended));
            let wanted = grub::with(original.as_deref(), &PARAMETERS);
            let block = wanted.strip_prefix(original.as_deref().unwrap_or_default()).unwrap().trim_start_matches('\n');

            let mut theirs = before.clone().unwrap_or_default();
            removed.iter().for_each(|&at| if at + 1 < theirs.len() { theirs.remove(at); });
            inserted.iter().for_each(|(at, line)| theirs.insert((*at).min(theirs.len().saturating_sub(1)), line.clone()));
            prop_assume!(theirs.last().is_none_or(|last| ended || !last.is_empty()));
            let edited = |with_ours: bool| {
                let mut now = text(&theirs, ended || with_ours || !behind.is_empty());
                if with_ours { now.push_str(block); }
                behind.iter().for_each(|line| now = format!("{now}{line}\n"));
                now
            };
            let expected = Some(edited(false)).filter(|text| before.is_some() || !text.is_empty());
            prop_assert_eq!(undone(Setting::GrubDefault, original.as_deref(), &wanted, Some(&edited(true))), Some(expected));
        }

        /// The same for a command line.
        #[test]
        fn edits_around_our_words_survive(
            before in proptest::collection::vec("[a-z]{1,4}", 0..4),
            at in 0usize..5,
            theirs in proptest::option::of("[A-Z]{1,5}"),
            behind in proptest::option::of("[A-Z]{1,5}"),
            end in prop_oneof![Just(""), Just("\n"), Just(" -- single\n")],
        ) {
            let edited = |with_ours: bool| {
                let mut words = before.clone();
                if let Some(word) = &theirs { words.insert(at.min(words.len()), word.clone()); }
                if with_ours { words.extend(PARAMETERS.map(str::to_owned)); }
                words.extend(behind.clone());
                (words.join(" ") + end).trim_start_matches(' ').to_owned()
            };
            let original = before.join(" ") + end;
            let wanted = command_line::with(&original, &PARAMETERS);
            let found = undone(Setting::KernelCmdline, Some(&original), &wanted, Some(&edited(true))).unwrap().unwrap();
            prop_assert_eq!(found.trim_start_matches(' '), edited(false));
        }
    }
}
