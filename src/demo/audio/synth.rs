//! Two instruments, a soft pad and a plucked string, and an echo, played into a loop: what rings past
//! its end rings on from its start, so that a loop can be repeated without a seam.

use std::f32::consts::TAU;

use super::wav::SAMPLE_RATE;

/// One period of each waveform. Table look-up is what makes minutes of music a matter of milliseconds.
const TABLE_BITS: u32 = 11;
const TABLE_LENGTH: usize = 1 << TABLE_BITS;

/// When a plucked string is no longer heard, in seconds.
const PLUCK_SECONDS: f32 = 1.8;
const PAD_ATTACK_SECONDS: f32 = 1.2;
const PAD_RELEASE_SECONDS: f32 = 1.6;

/// The instruments' waveforms, made once.
pub(super) struct Synth {
    pad: Vec<f32>,
    bright: Vec<f32>,
    mellow: Vec<f32>,
}

impl Synth {
    pub(super) fn new() -> Self {
        Self {
            pad: waveform(&[1.0, 0.35, 0.16, 0.05]),
            // The highest note is near 1.7 kHz: a sixth harmonic would fold back at half the sample rate.
            bright: waveform(&[0.5, 0.5, 0.4, 0.25, 0.15]),
            mellow: waveform(&[1.0, 0.3, 0.1]),
        }
    }

    /// A chord's note, held for `length` samples from `start`: two voices a hair apart, so that it
    /// breathes.
    pub(super) fn pad(&self, track: &mut [f32], start: usize, length: usize, midi_note: i32, gain: f32) {
        let pitch = frequency(midi_note);
        for detune in [0.9985, 1.0015] {
            let attack = 1.0 / (PAD_ATTACK_SECONDS * SAMPLE_RATE as f32);
            let release = 1.0 / (PAD_RELEASE_SECONDS * SAMPLE_RATE as f32);
            let mut level = 0.0_f32;
            let held = self.pad.as_slice();
            let tail = (PAD_RELEASE_SECONDS * SAMPLE_RATE as f32) as usize;
            play(track, start, length + tail, held, pitch * detune, |at| {
                level = if at < length { (level + attack).min(1.0) } else { (level - release).max(0.0) };
                level * level * gain
            });
        }
    }

    /// A plucked note at `start`: a bright voice that dies at once over a mellow one that lingers.
    pub(super) fn pluck(&self, track: &mut [f32], start: usize, midi_note: i32, gain: f32) {
        let length = (PLUCK_SECONDS * SAMPLE_RATE as f32) as usize;
        for (table, share, half_life) in [(&self.bright, 0.5, 0.07), (&self.mellow, 1.0, 0.24)] {
            let decay = 0.5_f32.powf(1.0 / (half_life * SAMPLE_RATE as f32));
            let mut level = gain * share;
            // Two milliseconds of attack: without them every note begins with a click.
            let attack = SAMPLE_RATE as usize / 500;
            play(track, start, length, table, frequency(midi_note), |at| {
                level *= decay;
                if at < attack { level * at as f32 / attack as f32 } else { level }
            });
        }
    }
}

/// Repeats what was played, quieter, `delay` and twice `delay` samples later.
pub(super) fn echo(track: &[f32], delay: usize) -> Vec<f32> {
    let mut wet = track.to_vec();
    for (times, gain) in [(1, 0.34), (2, 0.15)] {
        let split = (delay * times) % track.len();
        let (late, early) = wet.split_at_mut(split);
        let (head, tail) = track.split_at(track.len() - split);
        add(early, head, gain);
        add(late, tail, gain);
    }
    wet
}

/// Scales the loudest sample to `peak`.
pub(super) fn normalise(track: &mut [f32], peak: f32) {
    let loudest = track.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
    if loudest > 0.0 {
        let gain = peak / loudest;
        track.iter_mut().for_each(|sample| *sample *= gain);
    }
}

fn add(onto: &mut [f32], from: &[f32], gain: f32) {
    for (sample, addend) in onto.iter_mut().zip(from) {
        *sample += gain * addend;
    }
}

/// Adds `length` samples of a waveform under an envelope to the track, wrapping at its end.
fn play(
    track: &mut [f32],
    start: usize,
    length: usize,
    table: &[f32],
    pitch: f32,
    mut envelope: impl FnMut(usize) -> f32,
) {
    // The phase is a fraction of a turn in 32 bits: overflow is the wrap.
    let step = (f64::from(pitch) / f64::from(SAMPLE_RATE) * 4_294_967_296.0) as u32;
    let mut phase = 0_u32;
    let mut slot = start % track.len();
    for at in 0..length {
        track[slot] += envelope(at) * table[(phase >> (32 - TABLE_BITS)) as usize];
        phase = phase.wrapping_add(step);
        slot += 1;
        if slot == track.len() {
            slot = 0;
        }
    }
}

/// One period made of the given harmonics' amplitudes, the fundamental first.
fn waveform(harmonics: &[f32]) -> Vec<f32> {
    let total: f32 = harmonics.iter().sum();
    (0..TABLE_LENGTH)
        .map(|at| {
            let turn = TAU * at as f32 / TABLE_LENGTH as f32;
            let sum: f32 =
                harmonics.iter().zip(1_u8..).map(|(gain, n)| gain * (turn * f32::from(n)).sin()).sum();
            sum / total
        })
        .collect()
}

/// Equal temperament, A4 (MIDI 69) = 440 Hz.
fn frequency(midi_note: i32) -> f32 {
    440.0 * ((midi_note - 69) as f32 / 12.0).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_rings_past_the_end_goes_on_from_the_start() {
        let mut track = vec![0.0; SAMPLE_RATE as usize];
        let start = track.len() - 2_000;
        Synth::new().pluck(&mut track, start, 69, 1.0);
        assert!(track[..2_000].iter().any(|sample| sample.abs() > 0.1));
    }

    #[test]
    fn an_a_crosses_zero_880_times_a_second() {
        let mut track = vec![0.0; SAMPLE_RATE as usize];
        let (length, sine) = (track.len(), waveform(&[1.0]));
        play(&mut track, 0, length, &sine, frequency(69), |_| 1.0);
        let crossings = track.windows(2).filter(|pair| (pair[0] < 0.0) != (pair[1] < 0.0)).count();
        assert!((878..=882).contains(&crossings), "{crossings}");
    }

    #[test]
    fn an_echo_comes_after_its_delay_and_wraps() {
        let track = [1.0, 0.0, 0.0, 0.0, 0.0];
        let wet = echo(&track, 3);
        assert_eq!(wet, [1.0, 0.15, 0.0, 0.34, 0.0]);
    }

    #[test]
    fn silence_stays_silence() {
        let mut track = [0.0; 8];
        normalise(&mut track, 0.7);
        assert_eq!(track, [0.0; 8]);
    }
}
