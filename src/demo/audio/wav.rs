//! The container: RIFF/WAVE, PCM, mono, 16 bit. Every browser plays it without a codec.

/// Samples a second.
pub const SAMPLE_RATE: u32 = 22_050;

/// Bytes before the first sample.
pub const HEADER_BYTES: u64 = 44;

const BYTES_PER_SAMPLE: u16 = 2;
const CHANNELS: u16 = 1;
const PCM: u16 = 1;

/// Wraps samples between -1 and 1 into a whole WAV file; what lies outside is clamped.
pub(super) fn file(samples: &[f32]) -> Vec<u8> {
    let data_bytes = u32::try_from(samples.len() * usize::from(BYTES_PER_SAMPLE)).unwrap_or(u32::MAX);
    let mut file = header(data_bytes);
    file.reserve_exact(samples.len() * usize::from(BYTES_PER_SAMPLE));
    for sample in samples {
        // `as` saturates, and gives 0 for NaN.
        let value = (sample * f32::from(i16::MAX)) as i16;
        file.extend_from_slice(&value.to_le_bytes());
    }
    file
}

/// The RIFF, `fmt ` and `data` headers for so many bytes of samples.
fn header(data_bytes: u32) -> Vec<u8> {
    let block = CHANNELS * BYTES_PER_SAMPLE;
    let mut header = Vec::with_capacity(HEADER_BYTES as usize);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(data_bytes.saturating_add(HEADER_BYTES as u32 - 8)).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    header.extend_from_slice(&PCM.to_le_bytes());
    header.extend_from_slice(&CHANNELS.to_le_bytes());
    header.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    header.extend_from_slice(&(SAMPLE_RATE * u32::from(block)).to_le_bytes());
    header.extend_from_slice(&block.to_le_bytes());
    header.extend_from_slice(&(BYTES_PER_SAMPLE * 8).to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&data_bytes.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_the_sizes_that_the_file_has() {
        let file = file(&[0.0, 0.5, -1.0, 7.0]);
        assert_eq!(file.len() as u64, HEADER_BYTES + 8);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize, file.len() - 8);
        assert_eq!(u32::from_le_bytes(file[28..32].try_into().unwrap()), 44_100, "bytes a second");
        assert_eq!(u32::from_le_bytes(file[40..44].try_into().unwrap()), 8);
    }

    #[test]
    fn samples_are_little_endian_and_clamped() {
        let file = file(&[0.0, -1.0, 7.0]);
        assert_eq!(&file[44..46], &[0, 0]);
        assert_eq!(i16::from_le_bytes([file[46], file[47]]), -i16::MAX);
        assert_eq!(i16::from_le_bytes([file[48], file[49]]), i16::MAX);
    }
}
