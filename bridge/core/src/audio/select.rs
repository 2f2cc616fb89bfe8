//! Which of those who talk are mixed: at most [`MOST_VOICES`], the loudest, without flicker.

use super::level::Power;

/// More voices than this nobody can follow; those beyond are left out.
pub const MOST_VOICES: usize = 8;

/// One who wants to be in the mix.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// the caller's name for it
    pub id: usize,
    /// how loud it is
    pub power: Power,
    /// it was in the mix a tick ago
    pub was_mixed: bool,
}

/// Moves the chosen to the front of `candidates` and returns how many there are. One who is mixed
/// already counts double (3 dB), so that two equals do not take turns.
pub fn select(candidates: &mut [Candidate]) -> usize {
    if candidates.len() > MOST_VOICES {
        let rank = |c: &Candidate| {
            if c.was_mixed {
                c.power.0 * 2.0
            } else {
                c.power.0
            }
        };
        candidates.select_nth_unstable_by(MOST_VOICES - 1, |a, b| rank(b).total_cmp(&rank(a)));
    }
    candidates.len().min(MOST_VOICES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[(f32, bool)], expected: &[usize]) {
        let mut candidates: Vec<Candidate> = lines
            .iter()
            .enumerate()
            .map(|(id, &(power, was_mixed))| Candidate {
                id,
                power: Power(power),
                was_mixed,
            })
            .collect();
        let count = select(&mut candidates);
        let mut chosen: Vec<usize> = candidates[..count].iter().map(|c| c.id).collect();
        chosen.sort_unstable();
        assert_eq!(chosen, expected);
    }

    #[test]
    fn the_loudest_are_chosen_and_those_in_the_mix_are_preferred() {
        check(&[], &[]);
        check(&[(0.1, false), (0.2, true)], &[0, 1]);
        let mut lines = vec![(0.1, true); 8];
        lines.push((0.15, false));
        check(&lines, &[0, 1, 2, 3, 4, 5, 6, 7]);
        lines[3].0 = 0.05;
        lines[8].0 = 0.25;
        check(&lines, &[0, 1, 2, 4, 5, 6, 7, 8]);
    }
}
