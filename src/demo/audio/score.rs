//! What is played: two pieces, each a row of sections that differ in key, tempo and figure, so that
//! a seek from one to another is heard at once.

use super::synth::{Synth, echo, normalise};
use super::wav::{self, SAMPLE_RATE};

/// Beats to a chord; four chords make the phrase that a section repeats.
const BEATS: usize = 4;
const PHRASE_BEATS: usize = 4 * BEATS;
const FADE_SECONDS: f32 = 0.9;
const PEAK: f32 = 0.72;

/// A chord as semitones above the section's root: three notes, all from the pentatonic scale but
/// the fourth's root, so that any figure over them sounds well.
type Chord = [i32; 3];
const I: Chord = [0, 7, 16];
const VI: Chord = [-3, 7, 12];
const IV: Chord = [-7, 0, 9];
const V: Chord = [-5, 2, 9];
const II: Chord = [2, 9, 12];

/// One of the two pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Slow, wide, mostly pads.
    LowTide,
    /// Quicker, a running figure.
    NightTrain,
}

struct Section {
    beats_per_minute: usize,
    /// MIDI note of the root.
    root: i32,
    chords: [Chord; 4],
    /// Eighth notes over one chord: a digit picks a chord note (3 to 5 are an octave higher), a dot rests.
    figure: &'static str,
    repeats: usize,
}

const LOW_TIDE: [Section; 7] = [
    Section { beats_per_minute: 60, root: 60, chords: [I, VI, IV, V], figure: "0...2...", repeats: 3 },
    Section { beats_per_minute: 60, root: 60, chords: [I, VI, IV, V], figure: "0.2.4.3.", repeats: 3 },
    Section { beats_per_minute: 66, root: 55, chords: [IV, I, II, V], figure: "02.4.5.3", repeats: 4 },
    Section { beats_per_minute: 54, root: 65, chords: [VI, IV, I, V], figure: "5...4...", repeats: 3 },
    Section { beats_per_minute: 72, root: 62, chords: [I, II, VI, IV], figure: "0.3.2.5.", repeats: 4 },
    Section { beats_per_minute: 60, root: 57, chords: [VI, I, IV, V], figure: "012.345.", repeats: 3 },
    Section { beats_per_minute: 54, root: 60, chords: [I, VI, IV, I], figure: "2.......", repeats: 3 },
];

const NIGHT_TRAIN: [Section; 7] = [
    Section { beats_per_minute: 88, root: 57, chords: [VI, IV, I, V], figure: "02342432", repeats: 4 },
    Section { beats_per_minute: 96, root: 57, chords: [VI, IV, I, V], figure: "0.4.3254", repeats: 5 },
    Section { beats_per_minute: 96, root: 62, chords: [I, VI, II, V], figure: "03254325", repeats: 5 },
    Section { beats_per_minute: 80, root: 50, chords: [IV, V, VI, I], figure: "0..2..4.", repeats: 4 },
    Section { beats_per_minute: 104, root: 64, chords: [VI, I, IV, V], figure: "02453542", repeats: 6 },
    Section { beats_per_minute: 96, root: 60, chords: [I, V, VI, IV], figure: "5432.234", repeats: 5 },
    Section { beats_per_minute: 72, root: 57, chords: [VI, IV, I, I], figure: "0...4...", repeats: 4 },
];

impl Piece {
    /// The whole piece as a WAV file, the same bytes every time.
    #[must_use]
    pub fn wav(self) -> Vec<u8> {
        let synth = Synth::new();
        let mut samples = Vec::with_capacity(self.sample_count());
        for section in self.sections() {
            let phrase = section.phrase(&synth);
            let start = samples.len();
            for _ in 0..section.repeats {
                samples.extend_from_slice(&phrase);
            }
            fade(&mut samples[start..]);
        }
        wav::file(&samples)
    }

    fn sections(self) -> &'static [Section] {
        match self {
            Self::LowTide => &LOW_TIDE,
            Self::NightTrain => &NIGHT_TRAIN,
        }
    }

    fn sample_count(self) -> usize {
        self.sections().iter().map(|section| section.beat() * PHRASE_BEATS * section.repeats).sum()
    }
}

impl Section {
    /// Samples to a beat.
    fn beat(&self) -> usize {
        60 * SAMPLE_RATE as usize / self.beats_per_minute
    }

    /// The section's phrase, as a loop.
    fn phrase(&self, synth: &Synth) -> Vec<f32> {
        let beat = self.beat();
        let mut track = vec![0.0; PHRASE_BEATS * beat];
        for (bar, chord) in self.chords.iter().enumerate() {
            let start = bar * BEATS * beat;
            for note in chord {
                synth.pad(&mut track, start, BEATS * beat, self.root + note, 0.16);
            }
            synth.pad(&mut track, start, BEATS * beat, self.root + chord[0] - 12, 0.2);
            self.pluck_figure(synth, &mut track, start, *chord);
        }
        let mut track = echo(&track, beat * 3 / 4);
        normalise(&mut track, PEAK);
        track
    }

    fn pluck_figure(&self, synth: &Synth, track: &mut [f32], start: usize, chord: Chord) {
        for (eighth, step) in self.figure.chars().enumerate() {
            if let Some(step) = step.to_digit(6) {
                let octave = if step < 3 { 0 } else { 12 };
                let note = self.root + chord[step as usize % 3] + octave;
                // The first note of each half is leaned on, as a player would.
                let gain = if eighth % 4 == 0 { 0.5 } else { 0.38 };
                synth.pluck(track, start + eighth * self.beat() / 2, note, gain);
            }
        }
    }
}

/// In and out of a section without a click.
fn fade(samples: &mut [f32]) {
    let length = (FADE_SECONDS * SAMPLE_RATE as f32) as usize;
    for at in 0..length.min(samples.len() / 2) {
        let gain = at as f32 / length as f32;
        let last = samples.len() - 1 - at;
        samples[at] *= gain;
        samples[last] *= gain;
    }
}

#[cfg(test)]
mod tests {
    use super::super::HEADER_BYTES;
    use super::*;

    fn samples(file: &[u8]) -> Vec<i16> {
        file[HEADER_BYTES as usize..]
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    }

    #[test]
    fn both_pieces_last_several_minutes_and_are_never_clipped_or_silent() {
        for piece in [Piece::LowTide, Piece::NightTrain] {
            let samples = samples(&piece.wav());
            assert_eq!(samples.len(), piece.sample_count());
            let seconds = samples.len() / SAMPLE_RATE as usize;
            assert!((280..=420).contains(&seconds), "{piece:?} lasts {seconds} s");
            assert!(samples.iter().all(|sample| sample.unsigned_abs() < 30_000), "{piece:?} clips");
            for (at, two_seconds) in samples.chunks(2 * SAMPLE_RATE as usize).enumerate() {
                let loudest = two_seconds.iter().map(|sample| sample.unsigned_abs()).max();
                // A section's end fades out; what is left must still be heard.
                assert!(loudest > Some(500), "{piece:?} is silent at {} s", 2 * at);
            }
        }
    }

    #[test]
    fn every_section_begins_and_ends_in_silence_so_that_no_change_clicks() {
        for piece in [Piece::LowTide, Piece::NightTrain] {
            let samples = samples(&piece.wav());
            let mut start = 0;
            for section in piece.sections() {
                let end = start + section.beat() * PHRASE_BEATS * section.repeats;
                assert_eq!((samples[start], samples[end - 1]), (0, 0), "{piece:?}");
                start = end;
            }
            assert_eq!(start, samples.len());
        }
    }

    #[test]
    fn a_piece_is_the_same_every_time_and_unlike_the_other() {
        let once = Piece::LowTide.wav();
        assert!(once == Piece::LowTide.wav());
        assert!(once != Piece::NightTrain.wav());
    }
}
