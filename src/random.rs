//! SplitMix64: random numbers that follow from a seed alone and are the same on every machine.
//!
//! Source: Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014.

/// The difference between two consecutive states: the golden ratio's fraction times 2⁶⁴, made odd.
pub const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Advances the state and returns the next number of its sequence. The seed is the first state.
pub const fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(STEP);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_split_mix() {
        // The values of Vigna's splitmix64.c for the seed 1234567, from Rosetta Code.
        let mut state = 1_234_567;
        let drawn = [(); 3].map(|()| split_mix(&mut state));
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
