//! `--images DIR`: how many pictures a model gets right, in floats, over integers, and encrypted.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::Failure;
use crate::cli::network::Args;
use crate::network::onnx::{Given, PictureForm};
use crate::tensor::read_picture;

/// The most pictures of a folder, and the most bytes of a file of answers or truths.
const MOST_PICTURES: usize = 1 << 20;
const MOST_BYTES: u64 = 1 << 28;

/// A picture and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// Its path.
    pub(super) path: PathBuf,
    /// Its path within the folder.
    pub(super) name: String,
    /// Its class, where that is known.
    pub(super) truth: Option<usize>,
}

impl Picture {
    /// The input that it is.
    pub(super) fn given(&self, args: &Args, form: &PictureForm) -> Result<Given, Failure> {
        let picture = read_picture(&self.path, args.common.max_memory());
        let picture = picture.map_err(Failure::input)?.resized(args.resize);
        form.given(&picture).map_err(Failure::input)
    }
}

/// What was found of a picture: a line of the file of answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// What tells runs apart that would give others: the model, its bits, how pictures are read.
    pub(super) run: String,
    /// The picture's name.
    pub(super) picture: String,
    /// Its class, where that is known.
    pub(super) truth: Option<usize>,
    /// The class in floats.
    pub(super) float: Option<usize>,
    /// The class over integers.
    pub(super) integer: Option<usize>,
    /// The class by encrypted convolutions, where they ran.
    pub(super) encrypted: Option<usize>,
    /// The cosine of the output over integers and in floats.
    pub(super) cosine: f64,
}

/// How many pictures are right, and how many agree.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Accuracy {
    /// How many there were.
    pub(super) pictures: usize,
    /// Of how many the class is known.
    pub(super) known: usize,
    /// Of these, how many are right in floats.
    pub(super) float_right: usize,
    /// Of these, how many are right over integers.
    pub(super) integer_right: usize,
    /// How many have the same class over integers and in floats.
    pub(super) agree: usize,
    /// How many ran encrypted.
    pub(super) encrypted: usize,
    /// Of these, how many gave the class that integers give.
    pub(super) encrypted_agree: usize,
    /// The least cosine of the output over integers and in floats.
    pub(super) least_cosine: f64,
}

impl Accuracy {
    pub(super) fn of(rows: &[Row]) -> Self {
        let count = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
        let is_known = |row: &Row| row.truth.is_some();
        Self {
            pictures: rows.len(),
            known: count(&is_known),
            float_right: count(&|row| is_known(row) && row.float == row.truth),
            integer_right: count(&|row| is_known(row) && row.integer == row.truth),
            agree: count(&|row| row.integer == row.float),
            encrypted: count(&|row| row.encrypted.is_some()),
            encrypted_agree: count(&|row| row.encrypted.is_some() && row.encrypted == row.integer),
            least_cosine: rows.iter().map(|row| row.cosine).fold(1.0, f64::min),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let share = |part: usize, of: usize| {
            format!("{part} of {of} ({:.1} %)", 100.0 * part as f64 / of.max(1) as f64)
        };
        let mut lines = vec![format!("{} pictures", self.pictures)];
        if self.known > 0 {
            lines.push(format!("right in floats      {}", share(self.float_right, self.known)));
            lines.push(format!("right over integers  {}", share(self.integer_right, self.known)));
        }
        lines.push(format!(
            "the same in both     {}; least cosine {:.6}",
            share(self.agree, self.pictures),
            self.least_cosine
        ));
        if self.encrypted > 0 {
            let agree = share(self.encrypted_agree, self.encrypted);
            lines.push(format!("encrypted, exact     {agree} as over integers"));
        }
        lines.join("\n")
    }
}

/// The pictures of a folder and its folders, by name. A folder within is called after the class of what it
/// holds, by its label or number; `truths` say it of single pictures.
pub(super) fn list(
    flag: &str,
    folder: &Path,
    labels: Option<&[String]>,
    truths: Option<&Path>,
) -> Result<Vec<Picture>, Failure> {
    let problem = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::Input(format!("{flag} {}: {error}", path.display()))
    };
    let truths = truths.map(|path| read_truths(path, labels)).transpose()?;
    let mut pictures = Vec::new();
    let mut folders = vec![(folder.to_owned(), None)];
    while let Some((place, class)) = folders.pop() {
        let entries = std::fs::read_dir(&place).map_err(|error| problem(&place, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| problem(&place, &error))?.path();
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            if path.is_dir() && class.is_none() && place == folder {
                folders.push((path, Some(class_of(&name, labels))));
            } else if is_picture(&path) {
                let truth = truths.as_ref().and_then(|truths| truths.get(&name).copied());
                let truth = truth.or(class.flatten());
                pictures.push(Picture { path, name, truth });
            }
            if pictures.len() > MOST_PICTURES {
                return Err(problem(folder, &format_args!("more than {MOST_PICTURES} pictures")));
            }
        }
    }
    if pictures.is_empty() {
        return Err(problem(folder, &"there is no PNG or JPEG picture"));
    }
    pictures.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pictures)
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    path.is_file() && ["png", "jpg", "jpeg"].iter().any(|one| one.eq_ignore_ascii_case(ending))
}

/// The class of a label, or of its number.
fn class_of(name: &str, labels: Option<&[String]>) -> Option<usize> {
    let label = labels.and_then(|labels| labels.iter().position(|label| label == name));
    label.or_else(|| name.parse().ok())
}

/// A picture and its class a line, `picture,class`.
fn read_truths(path: &Path, labels: Option<&[String]>) -> Result<HashMap<String, usize>, Failure> {
    let problem = |error: &dyn std::fmt::Display| {
        Failure::Input(format!("--truth {}: {error}", path.display()))
    };
    let text = read_text(&mut File::open(path).map_err(|error| problem(&error))?);
    let text = text.map_err(|error| problem(&error))?;
    let mut truths = HashMap::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (number, line) in lines {
        let (picture, class) = line.rsplit_once(',').unwrap_or_default();
        let class = class_of(class.trim(), labels).ok_or_else(|| {
            problem(&format_args!("line {}: expected a picture, a comma and its class", number + 1))
        })?;
        truths.insert(picture.trim().to_owned(), class);
    }
    Ok(truths)
}

fn read_text(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    if file.take(MOST_BYTES + 1).read_to_string(&mut text)? as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("more than {MOST_BYTES} bytes")));
    }
    Ok(text)
}

/// The file of answers, to which rows are added.
pub(super) struct Answers {
    file: Option<File>,
    rows: HashMap<String, Row>,
}

impl Answers {
    /// Opens a file that the same run has left, or a new one; `None` keeps nothing. A last line that was cut
    /// off is dropped.
    pub(super) fn open(path: Option<&Path>, run: &str) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self { file: None, rows: HashMap::new() }) };
        let problem = |error: &dyn std::fmt::Display| {
            Failure::Input(format!("--answers {}: {error}", path.display()))
        };
        let open = OpenOptions::new().create(true).append(true).read(true).open(path);
        let mut file = open.map_err(|error| problem(&error))?;
        file.try_lock().map_err(|_| problem(&"another run is writing it"))?;
        let text = read_text(&mut file).map_err(|error| problem(&error))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        if whole.len() < text.len() {
            file.set_len(whole.len() as u64).map_err(|error| problem(&error))?;
        }
        let mut rows = HashMap::new();
        for (number, row) in csv::Reader::from_reader(whole.as_bytes()).deserialize().enumerate() {
            let row: Row = row.map_err(|_| {
                problem(&format_args!("line {}: no answer of this command", number + 2))
            })?;
            if row.run != run {
                let other =
                    "the answers of another run: other weights, bits, or pictures read otherwise";
                return Err(problem(&format_args!("line {}: {other}", number + 2)));
            }
            rows.insert(row.picture.clone(), row);
        }
        let mut answers = Self { file: Some(file), rows };
        if whole.is_empty() {
            let header = "run,picture,truth,float,integer,encrypted,cosine\n";
            answers.write(header).map_err(|error| problem(&error))?;
        }
        Ok(answers)
    }

    /// What was found of a picture, encrypted where that is wanted.
    pub(super) fn find(&self, picture: &str, encrypted: bool) -> Option<&Row> {
        self.rows.get(picture).filter(|row| !encrypted || row.encrypted.is_some())
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &Row) -> Result<(), Failure> {
        let mut line = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        line.serialize(row).map_err(|error| Failure::Failed(error.to_string()))?;
        let line = line.into_inner().map_err(|error| Failure::Failed(error.to_string()))?;
        let line = String::from_utf8(line).map_err(|error| Failure::Failed(error.to_string()))?;
        self.write(&line)
            .map_err(|error| Failure::Failed(format!("cannot write --answers: {error}")))
    }

    /// In one go, so that no other reader sees a line without its end.
    fn write(&mut self, line: &str) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(line.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(picture: &str, [truth, float, integer]: [usize; 3], encrypted: Option<usize>) -> Row {
        Row {
            run: "r".into(),
            picture: picture.into(),
            truth: Some(truth).filter(|truth| *truth < 10),
            float: Some(float),
            integer: Some(integer),
            encrypted,
            cosine: 0.5,
        }
    }

    #[test]
    fn pictures_are_counted() {
        let rows = [
            row("a", [1, 1, 1], Some(1)),
            row("b", [1, 1, 2], Some(2)),
            row("c", [1, 2, 1], None),
            row("d", [99, 3, 3], None),
        ];
        let found = Accuracy::of(&rows);
        assert_eq!((found.pictures, found.known, found.float_right), (4, 3, 2));
        assert_eq!((found.integer_right, found.agree), (2, 2));
        assert_eq!((found.encrypted, found.encrypted_agree), (2, 2));
        assert!(found.text().contains("right over integers  2 of 3 (66.7 %)"), "{}", found.text());
    }

    #[test]
    fn answers_go_on_where_they_stopped() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("answers.csv");
        let mut answers = Answers::open(Some(&path), "r").expect("opens");
        let rows = [row("a, b.png", [1, 2, 3], None), row("c.png", [4, 5, 6], Some(6))];
        for row in &rows {
            answers.add(row).expect("writes");
        }
        drop(answers);
        let mut text = std::fs::read_to_string(&path).expect("reads");
        text.push_str("r,cut");
        std::fs::write(&path, text).expect("writes");
        let answers = Answers::open(Some(&path), "r").expect("opens");
        assert_eq!(answers.find("a, b.png", false), Some(&rows[0]));
        assert_eq!(
            (answers.find("a, b.png", true), answers.find("c.png", true)),
            (None, Some(&rows[1]))
        );
        drop(answers);
        assert!(std::fs::read_to_string(&path).expect("reads").ends_with("0.5\n"));
        let other = Answers::open(Some(&path), "s").err().map(|failure| match failure {
            Failure::Input(text) => text,
            _ => String::new(),
        });
        assert!(other.expect("refused").contains("line 2: the answers of another run"));
    }

    #[test]
    fn folders_are_classes() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let place = |name: &str| directory.path().join(name);
        for folder in ["cat", "7", "other"] {
            std::fs::create_dir(place(folder)).expect("creates");
            std::fs::write(place(folder).join("x.PNG"), "").expect("writes");
        }
        std::fs::write(place("y.jpeg"), "").expect("writes");
        std::fs::write(place("notes.txt"), "").expect("writes");
        std::fs::write(place("truth"), "y.jpeg, dog\n\n").expect("writes");
        let labels = ["dog", "cat"].map(String::from);
        let found = list("--images", directory.path(), Some(&labels), Some(&place("truth")))
            .expect("lists");
        let found: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.truth)).collect();
        let expected = [
            ("7/x.PNG", Some(7)),
            ("cat/x.PNG", Some(1)),
            ("other/x.PNG", None),
            ("y.jpeg", Some(0)),
        ];
        assert_eq!(found, expected);
    }
}
