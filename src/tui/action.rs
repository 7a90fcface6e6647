//! What a key or a command can do.

/// Makes [`Action`] of one table, so that no action lacks a name, a summary or a group.
macro_rules! actions {
    ($($group:ident { $(#[doc = $summary:literal] $action:ident = $name:literal,)* })*) => {
        /// Something the user can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[doc = $summary] $action,)*)*
        }

        impl Action {
            /// Every action, in the order of the help.
            pub const ALL: &[Self] = &[$($(Self::$action,)*)*];

            /// The name in the key table and among the commands.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$action => $name,)*)* }
            }

            /// What it does, in one short line.
            pub fn summary(self) -> &'static str {
                let sentence = match self { $($(Self::$action => $summary,)*)* };
                sentence.trim().trim_end_matches('.')
            }

            /// Where it stands in the help.
            pub const fn group(self) -> Group {
                match self { $($(Self::$action)|* => Group::$group,)* }
            }
        }
    };
}

actions! {
    Run {
        /// Run the layer, sweep or network, or open.
        Run = "run",
        /// Stop the run, the sweep or the search.
        Cancel = "cancel",
        /// Run the conventional algorithm likewise.
        RunBaseline = "run-baseline",
        /// Find the best parameters, of each layer.
        Optimise = "optimise",
        /// Show what was best, and why.
        Decision = "show-decision",
        /// Write the experiment, or the rows, to a file.
        Export = "export",
        /// Copy the experiment to the clipboard.
        Copy = "copy",
        /// Open a file, whatever it holds.
        Open = "open",
        /// Save to a file, whatever is said before it.
        Save = "save",
    }
    Move {
        /// To the next panel.
        NextPanel = "next-panel",
        /// To the previous panel.
        PreviousPanel = "previous-panel",
        /// Up one row.
        Up = "up",
        /// Down one row.
        Down = "down",
        /// Up a page.
        PageUp = "page-up",
        /// Down a page.
        PageDown = "page-down",
        /// To the first row.
        First = "first",
        /// To the last row.
        Last = "last",
        /// The one before: value, column, network.
        Left = "left",
        /// The next one: value, column, network.
        Right = "right",
    }
    Form {
        /// To the next valid value of the field.
        Increase = "increase",
        /// To the previous valid value of the field.
        Decrease = "decrease",
        /// Type a value, ranges, or a model's setting.
        Edit = "edit",
        /// Take back the last change.
        Undo = "undo",
        /// Accept the fix offered.
        Fix = "fix",
        /// Keep the form by a name.
        Bookmark = "bookmark",
        /// Show the forms that are kept.
        Bookmarks = "show-bookmarks",
    }
    View {
        /// Give the panel the whole screen, or not.
        Zoom = "zoom",
        /// Filter layers, or runs, by what they say.
        Filter = "filter",
        /// Show the layers, on a small screen.
        Layers = "layers",
        /// Show the parameters, on a small screen.
        Parameters = "parameters",
        /// Show the pictures, on a small screen.
        Pictures = "pictures",
        /// To the previous feature map.
        PreviousMap = "previous-map",
        /// To the next feature map.
        NextMap = "next-map",
        /// To the Explore screen.
        Explore = "show-explore",
        /// To the Compare screen.
        Compare = "show-compare",
        /// To the Sweep screen.
        Sweep = "show-sweep",
        /// To the Network screen.
        Network = "show-network",
    }
    Runs {
        /// Make the chosen run the baseline.
        Pin = "pin",
        /// Sort the runs by the next column.
        Sort = "sort",
        /// Turn the order of the runs around.
        Reverse = "reverse",
        /// Open the chosen row in Explore.
        OpenRow = "open-row",
        /// Show the session as a graph, or not.
        Graph = "graph",
        /// Say something of the chosen run.
        Note = "note",
        /// Delete the chosen run, after a question.
        Delete = "delete",
    }
    Sweep {
        /// Sweep all algorithms, or the form's alone.
        SweepAlgorithms = "sweep-algorithms",
        /// Sweep lazy reduction, or eager too.
        SweepReductions = "sweep-reductions",
        /// Sweep the presets, or the form's neighbours.
        SweepSets = "sweep-parameters",
        /// Sweep by runs, or by prediction alone.
        SweepRuns = "sweep-runs",
        /// Clear the rows for a new sweep or run.
        NewSweep = "new-sweep",
        /// Draw the next figure along x.
        XAxis = "x-axis",
        /// Draw the next figure along y.
        YAxis = "y-axis",
        /// Show chart or bars, of the next figure.
        Chart = "chart",
        /// The same bars, of the figure before.
        ChartBack = "chart-back",
    }
    Program {
        /// Choose a command by name.
        Commands = "commands",
        /// To the next theme.
        Theme = "theme",
        /// Show the keys and the words.
        Help = "help",
        /// Say what the figure means.
        Explain = "explain",
        /// Take the text or the choice.
        Accept = "accept",
        /// Close what is open.
        Close = "close",
        /// Leave.
        Quit = "quit",
    }
}

impl Action {
    /// The rows that an action moves a cursor down by, or up where below 0.
    pub const fn rows(self) -> Option<isize> {
        match self {
            Self::Up => Some(-1),
            Self::Down => Some(1),
            Self::PageUp => Some(-10),
            Self::PageDown => Some(10),
            Self::First => Some(isize::MIN),
            Self::Last => Some(isize::MAX),
            _ => None,
        }
    }
}

/// Actions that the help shows together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Running a layer and what comes of it.
    Run,
    /// Moving about.
    Move,
    /// The parameter form.
    Form,
    /// What is on the screen.
    View,
    /// The table of runs.
    Runs,
    /// The sweep.
    Sweep,
    /// The program.
    Program,
}

impl Group {
    /// The heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Run => "Run",
            Self::Move => "Move",
            Self::Form => "Parameters",
            Self::View => "View",
            Self::Runs => "Runs",
            Self::Sweep => "Sweep",
            Self::Program => "Program",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_in_kebab_case() {
        for (i, action) in Action::ALL.iter().enumerate() {
            let name = action.name();
            let valid = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(!name.is_empty() && name.bytes().all(valid), "{name}");
            assert!(Action::ALL[..i].iter().all(|other| other.name() != name), "{name}");
        }
    }

    #[test]
    fn summaries_are_one_short_line() {
        assert_eq!(Action::RunBaseline.summary(), "Run the conventional algorithm likewise");
        for action in Action::ALL {
            let summary = action.summary();
            assert!((4..=44).contains(&summary.len()) && !summary.contains('\n'), "{summary}");
        }
    }

    #[test]
    fn actions_of_a_group_stand_together() {
        assert!(Action::ALL.windows(2).all(|pair| pair[0].group() <= pair[1].group()));
    }
}
