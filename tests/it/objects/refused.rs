//! Lists of caches that cannot be followed.

use poolgate::machine::linux::{ObjectTracer, TracerError};

use super::live::{alone, follow, tags};

#[test]
fn lists_of_caches_that_cannot_be_followed_are_refused() {
    let _alone = alone();
    if follow(&["key_jar"]).is_none() {
        return;
    }
    let nine = ["key_jar"; 9];
    for (caches, words) in [
        (&[][..], "no slab cache was given to follow"),
        (&nine, "9 slab caches were given to follow, and 8 at once are possible"),
        (&["key_jar", "no_such_cache"], "this kernel has no slab cache no_such_cache"),
    ] {
        let error = ObjectTracer::attach(&tags(caches)).unwrap_err();
        assert_eq!(error.to_string(), words);
        assert!(miette::Diagnostic::help(&error).is_some(), "{error}");
    }
}

#[test]
fn an_ordinary_user_is_refused_with_the_missing_capability() {
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped, because this user is root");
        return;
    }
    let error = ObjectTracer::attach(&tags(&["key_jar"])).unwrap_err();
    assert!(matches!(error, TracerError::Unavailable(_)), "{error}");
}
