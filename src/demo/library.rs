//! What the demo's edge has to give: two episodes and a canary under the protected prefix, and cover art
//! outside it.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;

use serde::Serialize;

use super::audio::{HEADER_BYTES, Piece, SAMPLE_RATE};

/// The path pattern that the edge protects and that the demo's grant covers.
pub const PROTECTED: &str = "/podcasts/*";

/// A small file that it protects too, by which a new key is proven.
pub const CANARY: &str = "/podcasts/canary.txt";

/// An episode as the page shows it. Paths begin with `/` and are the same at the edge and on disk.
#[derive(Debug, Clone, Serialize)]
pub struct Episode {
    /// Shown to the listener.
    pub title: &'static str,
    /// One line under the title.
    pub subtitle: &'static str,
    /// The audio, protected.
    pub path: &'static str,
    /// The cover, public.
    pub cover: &'static str,
    /// Size of the audio, in bytes.
    pub bytes: u64,
    /// Length of the audio, in seconds.
    pub seconds: f64,
}

struct Work {
    piece: Piece,
    title: &'static str,
    subtitle: &'static str,
    path: &'static str,
    cover: &'static str,
    cover_art: &'static str,
}

const WORKS: [Work; 2] = [
    Work {
        piece: Piece::LowTide,
        title: "Low Tide",
        subtitle: "Episode 1 · slow water, wide chords",
        path: "/podcasts/low-tide.wav",
        cover: "/covers/low-tide.svg",
        cover_art: include_str!("covers/low-tide.svg"),
    },
    Work {
        piece: Piece::NightTrain,
        title: "Night Train",
        subtitle: "Episode 2 · a running figure, and home",
        path: "/podcasts/night-train.wav",
        cover: "/covers/night-train.svg",
        cover_art: include_str!("covers/night-train.svg"),
    },
];

/// Generates the episodes and writes them and their covers below `directory`, which must exist.
///
/// # Errors
/// What the file system says, as when the disk is full: about 32 MB are written.
pub fn write(directory: &Path) -> io::Result<Vec<Episode>> {
    fs::create_dir_all(directory.join("podcasts"))?;
    fs::create_dir_all(directory.join("covers"))?;
    fs::write(directory.join(&CANARY[1..]), "Whoever reads this was let in.\n")?;
    thread::scope(|scope| {
        let writers = WORKS.each_ref().map(|work| scope.spawn(|| work.write(directory)));
        writers
            .into_iter()
            .map(|writer| {
                writer.join().unwrap_or_else(|_| Err(io::Error::other("the audio could not be made")))
            })
            .collect()
    })
}

impl Work {
    fn write(&self, directory: &Path) -> io::Result<Episode> {
        let audio = self.piece.wav();
        fs::write(directory.join(&self.path[1..]), &audio)?;
        fs::write(directory.join(&self.cover[1..]), self.cover_art)?;
        let bytes = audio.len() as u64;
        Ok(Episode {
            title: self.title,
            subtitle: self.subtitle,
            path: self.path,
            cover: self.cover,
            bytes,
            seconds: (bytes - HEADER_BYTES) as f64 / f64::from(2 * SAMPLE_RATE),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_where_the_episodes_say_and_only_the_audio_is_protected() {
        let directory = tempfile::tempdir().unwrap();
        let episodes = write(directory.path()).unwrap();
        assert_eq!(episodes.len(), 2);
        for episode in episodes {
            let audio = fs::metadata(directory.path().join(&episode.path[1..])).unwrap();
            assert_eq!(audio.len(), episode.bytes);
            assert!(directory.path().join(&episode.cover[1..]).is_file());
            let prefix = PROTECTED.trim_end_matches('*');
            assert!(episode.path.starts_with(prefix) && !episode.cover.starts_with(prefix));
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(write(&file).is_err());
    }
}
