//! What a key or a command can do.

/// Something the user can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Run the chosen layer.
    Run,
    /// Stop the run.
    Cancel,
    /// Run the conventional algorithm on the same layer and parameters.
    RunBaseline,
    /// Write the form, or the shown run, to an experiment file.
    Export,
    /// Copy the experiment to the clipboard.
    Copy,
    /// To the next panel.
    NextPanel,
    /// To the previous panel.
    PreviousPanel,
    /// Up one row.
    Up,
    /// Down one row.
    Down,
    /// Up a page.
    PageUp,
    /// Down a page.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// To the previous value, or fold a network.
    Left,
    /// To the next value, or unfold a network.
    Right,
    /// The field to its next valid value.
    Increase,
    /// The field to its previous valid value.
    Decrease,
    /// Type a value into the field.
    Edit,
    /// Take back the last change of the form.
    Undo,
    /// Accept the fix offered for an invalid form.
    Fix,
    /// Filter the layers by name.
    Filter,
    /// Show the layers over the rest, where the screen is too small for both.
    Layers,
    /// Show the form over the rest, where the screen is too small for both.
    Parameters,
    /// Show the pictures over the rest, where the screen is too small for both.
    Pictures,
    /// The previous feature map.
    PreviousMap,
    /// The next feature map.
    NextMap,
    /// To the Explore screen.
    Explore,
    /// To the Compare screen.
    Compare,
    /// Make the chosen run the baseline.
    Pin,
    /// Sort the runs by the next column.
    Sort,
    /// Turn the order of the runs around.
    Reverse,
    /// Open the chosen run in Explore.
    Open,
    /// Remove the chosen run.
    Delete,
    /// Choose a command by name.
    Commands,
    /// The next theme.
    Theme,
    /// Show the keys.
    Help,
    /// Close what is open.
    Close,
    /// Leave.
    Quit,
}
