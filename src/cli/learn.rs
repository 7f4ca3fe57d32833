//! `layerlab learn`: the lessons on the plain command line.

/// Prints a line. A reader that went away (`| head`) is no error here.
macro_rules! say {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(crate::cli::output::stdout(), $($arg)*);
    }};
}

mod answer;
mod check;
mod handout;
mod list;
mod make;
mod present;
mod show;
mod watch;

use std::path::PathBuf;

use clap::Subcommand;

use super::Ended;
use crate::lesson::Desk;
use crate::tui::theme::ThemeName;

/// Arguments of `layerlab learn`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    shared: Shared,
    /// Colours of the screen: auto (the terminal's own), dark, light, high-contrast, mono
    #[arg(long, value_name = "NAME", default_value = "auto")]
    theme: ThemeName,
    /// Draws with ASCII alone; the default where the locale is not UTF-8
    #[arg(long)]
    ascii: bool,
}

impl Shared {
    fn open(&self) -> anyhow::Result<Desk> {
        Desk::open(self.lessons.as_deref(), self.progress_file.as_deref(), self.folder.as_deref())
    }
}

/// Remembers, and tells where that is not possible.
fn save(desk: &mut Desk) {
    if let Some(problem) = desk.save() {
        anstream::eprintln!("note: {}", super::output::safe(&problem));
    }
}

/// What all lesson commands share.
#[derive(Debug, Clone, clap::Args)]
struct Shared {
    /// A folder with lessons of your own, laid over the embedded ones
    #[arg(long, value_name = "DIR", global = true, env = "LAYERLAB_LESSONS")]
    lessons: Option<PathBuf>,
    /// Where progress is kept [default: layerlab's state folder]
    #[arg(long, value_name = "FILE", global = true, env = "LAYERLAB_PROGRESS")]
    progress_file: Option<PathBuf>,
    /// The folder for the lessons' files, remembered from then on [default: layerlab's state folder]
    #[arg(long = "in", value_name = "DIR", global = true)]
    folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the lessons and how far you are
    List,
    /// Begins a lesson, or goes on with it: by number, name, or the next one
    Start(StartArgs),
    /// Answers a prediction: numbers of the steps that rebuild ("3 4", "none"), or the letter of a choice
    Predict(PredictArgs),
    /// Checks whether the goal of the step at hand holds; exit status 1 where it does not
    Check(CheckArgs),
    /// Shows the next hint
    Hint(LessonArg),
    /// Shows the solution and why it is one
    Solution(SolutionArgs),
    /// Puts the files of the step back; your version is put aside
    Reset(ResetArgs),
    /// Goes on to the next step, once this one is done
    Next(LessonArg),
    /// Goes on without doing this step
    Skip(LessonArg),
    /// Checks again whenever a file is saved
    Watch(LessonArg),
    /// Lists the twenty beliefs about the build cache, the true answers, and which lesson shows them
    Beliefs(BeliefsArgs),
    /// Proves lessons: answers agree with the model, starts fail, solutions pass
    Test(TestArgs),
    /// Makes the skeleton of a new lesson
    New(NewArgs),
    /// Writes a handout, with a teacher's plan where one is asked for
    Handout(handout::HandoutArgs),
    /// Shows a lesson to a room: Space and Page Down go on, Backspace and Page Up go back
    Present(present::PresentArgs),
}

#[derive(Debug, clap::Args)]
struct StartArgs {
    /// Number or name of the lesson [default: the next one]
    lesson: Option<String>,
    /// The fast track: only predictions and repairs
    #[arg(long)]
    fast: bool,
    /// Begins at this step (its number)
    #[arg(long, value_name = "N")]
    step: Option<usize>,
    /// Begins anew: answers and progress of this lesson are forgotten
    #[arg(long)]
    again: bool,
    /// Runs the lesson on your own project, where it can
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// The Dockerfile of your project, from its folder
    #[arg(long, value_name = "FILE", requires = "project", default_value = "Dockerfile")]
    file: String,
}

#[derive(Debug, clap::Args)]
struct LessonArg {
    /// Number or name of the lesson [default: the one at hand]
    lesson: Option<String>,
}

#[derive(Debug, clap::Args)]
struct PredictArgs {
    /// Numbers of steps, "none", or the letter of a choice
    #[arg(required = true)]
    answer: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// Number or name of the lesson [default: the one at hand]
    lesson: Option<String>,
    /// One JSON object, with the progress of all lessons, for a teacher to collect
    #[arg(long)]
    json: bool,
    /// A name to put into the JSON
    #[arg(long, value_name = "NAME", requires = "json")]
    learner: Option<String>,
}

#[derive(Debug, clap::Args)]
struct SolutionArgs {
    /// Number or name of the lesson [default: the one at hand]
    lesson: Option<String>,
    /// Puts the solution's files into your folder; your version is put aside
    #[arg(long)]
    apply: bool,
}

#[derive(Debug, clap::Args)]
struct ResetArgs {
    /// Number or name of the lesson [default: the one at hand]
    lesson: Option<String>,
    /// Forgets the progress of all lessons (files stay)
    #[arg(long, conflicts_with = "lesson")]
    all: bool,
}

#[derive(Debug, clap::Args)]
struct BeliefsArgs {
    /// The table in Markdown
    #[arg(long)]
    markdown: bool,
}

#[derive(Debug, clap::Args)]
struct TestArgs {
    /// A lesson's folder, or one that holds lessons [default: the embedded course]
    dir: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct NewArgs {
    /// Name of the lesson's folder: small letters, digits, dashes, as in 30-my-lesson
    name: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    let shared = &args.shared;
    let Some(command) = &args.command else {
        if crate::tui::terminal::is_usable() {
            return crate::tui::learn::run(shared.open()?, args.theme, args.ascii);
        }
        return Ok(list::run(&mut shared.open()?));
    };
    match command {
        Command::Test(a) => return make::test(a.dir.as_deref(), a.json),
        Command::New(a) => return make::new(&a.name),
        _ => {}
    }
    let mut desk = shared.open()?;
    match command {
        Command::List => Ok(list::run(&mut desk)),
        Command::Start(a) => show::start(&mut desk, a),
        Command::Predict(a) => answer::predict(&mut desk, &a.answer),
        Command::Check(a) => check::run(&mut desk, a),
        Command::Hint(a) => answer::hint(&mut desk, a.lesson.as_deref()),
        Command::Solution(a) => answer::solution(&mut desk, a.lesson.as_deref(), a.apply),
        Command::Reset(a) => answer::reset(&mut desk, a.lesson.as_deref(), a.all),
        Command::Next(a) => show::next(&mut desk, a.lesson.as_deref()),
        Command::Skip(a) => show::skip(&mut desk, a.lesson.as_deref()),
        Command::Watch(a) => watch::run(&mut desk, a.lesson.as_deref()),
        Command::Beliefs(a) => list::beliefs(&desk, a.markdown),
        Command::Handout(a) => handout::run(&desk, a),
        Command::Present(a) => present::run(desk, a),
        Command::Test(_) | Command::New(_) => Ok(Ended::Done),
    }
}
