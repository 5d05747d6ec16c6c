"""Numbers that decide how a flowchart is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowchartParameters:
    """Numbers that decide how a flowchart is read.

    Lengths are in heights of the page's text and areas in its square unless said otherwise, colours in levels of 0 to
    255, directions in cosines. Set on the 67 charts of the development sets, a swimlane diagram among them.
    """

    # the page
    most_shapes: int = 200  # charts with more are refused: 150 shapes take some 5 seconds of processor time
    most_outlines: int = 400  # surfaces with marks in them: with more, the words are not read first
    outline_height: float = 1.5  # times the middle height of its marks: surfaces that may be shapes are higher
    outline_share: float = 0.4  # of its box: such a surface fills more
    lowest_letter: int = 5  # pixels: lower marks are dots
    small_text: int = 16  # pixels: in lower text, lines are too thin to follow; it is enlarged
    wanted_text: int = 27  # pixels: how high text is made that is too small or too large
    wanted_on_grid: int = 20  # pixels: the same where rules were taken away, whose gaps in lines grow with the picture
    large_text: int = 32  # pixels: higher text only costs time
    assumed_text: float = 12.0  # pixels: text where no word was read is taken to be at least as high
    assumed_lines: int = 40  # the same by the page: so many times as high make its shorter side
    text_percentile: int = 60  # of the words' heights: above the middle, as words without tall letters are lower
    ringing: float = 1.5  # levels: a clean drawing wavers by less beside its edges, a JPEG by more
    ringing_percentile: int = 70  # of the changes beside edges: leaves out the few that belong to other edges
    ringing_sample: int = 50  # pixels: with fewer beside edges, nothing is said about ringing
    smoothing: int = 12  # levels: what a JPEG is smoothed by at least; outlines differ by more
    flat: int = 14  # levels: neighbours inside one colour differ by less
    flat_in_jpeg: int = 26  # levels: the same at most where a JPEG wavers
    sharp: int = 50  # levels: edges of letters and outlines change by more
    drawing: float = 0.45  # share of flat pixels: drawings have more, photographs less
    aligned: float = 0.6  # texts of one row or column are off each other by less

    # squared and ruled paper
    grid_faintest: int = 2  # levels: blank paper is off its colour by no more
    grid_strongest: int = 70  # levels: rules of paper differ from it by less
    grid_share: float = 0.6  # of the blank part of a row: a rule fills more
    grid_bare: float = 0.3  # of a row: where shapes leave less of it blank, nothing is said about a rule
    grid_thickest: int = 3  # pixels: rules are no thicker
    grid_lines: int = 8  # fewer are no grid
    grid_even: float = 0.2  # of their distance: the gaps between rules differ by less
    grid_colour: int = 8  # levels: a rule's pixels differ from its colour by no more

    # regions
    same_colour: int = 16  # levels: regions painted alike differ by less in every channel
    same_paint: int = 6  # levels: the paint of one plate, or of shapes of one colour, differs by less
    smallest_part: float = 0.3  # of a text's square: halves of a shape to be joined are larger
    glyph_margin: float = 0.15  # of a word's shorter side: letters reach less far out of the word's box
    convex: float = 0.9  # of its convex hull: a dot, a frame or two halves of one shape fill more
    solid: float = 0.86  # the same for a shape; a loop of connectors often fills less

    # what shape it is
    fits: float = 0.85  # overlap with its template: below it, a shape is "other"
    plainer: float = 0.002  # overlap by which a template beats a plainer one
    curved_fit: float = 0.9  # at least, for what waves or a lid show: templates have neither
    narrowest_circle: float = 0.88  # width by height: an upright ellipse has less
    widest_circle: float = 1.14  # width by height: a level ellipse has more
    sharp_corner_pixels: float = 2.5  # the radius of a sharp corner is less
    sharp_corner: float = 0.035  # of the shorter side: the same in a large shape
    folded_corner: float = 0.15  # of the shorter side: the fold of a document is larger
    round_end: float = 0.84  # of half the shorter side: the radius of a stadium's ends is more
    smallest_wave: int = 12  # pixels: waves of lower or narrower shapes cannot be told from steps
    wave_margin: float = 0.06  # of the width: round corners at the two sides are no waves
    straight_side: float = 0.03  # of the width: straight sides wander by less
    curve_step: float = 0.6  # pixels: steps of a smooth curve are off it by less
    bulge_pixels: float = 1.2  # a cylinder's top and bottom bulge by more
    bulge: float = 0.015  # of the height: the same for a large shape
    wave: float = 0.025  # of the height: the lower edge of a document deviates by more
    level_pixels: float = 0.8  # the top of a document deviates by less
    level: float = 0.02  # of the height: the same for a large shape
    arch_pixels: int = 3  # arches are higher
    arch: float = 0.02  # of the width: the same for a wide shape
    arch_step_pixels: float = 0.35  # the edge of an arch is off it by less
    arch_step: float = 0.003  # of the width: the same for a wide shape, up to the step of a curve
    arch_rest: float = 0.2  # of the edge's deviation: the same for a high arch

    # lids of cylinders
    flatness: float = 1.5  # long side by short: lids have more, dots less
    lid_solid: float = 0.7  # of its convex hull: a lid fills more
    lid_width: float = 0.7  # of the body's: a flat lid comes to thin tips, which the outline swallows
    lid_line: float = 0.6  # the line between lid and body is thinner
    lid_bulge: float = 0.25  # of half the lid's height: both ends of the body bulge down by more
    lid_margin: float = 0.1  # of the body's width: left out at both sides, where the edge is steep
    body_height: float = 1.3  # of the lid's: the body is higher

    # shapes and what is none
    smallest_shape: float = 0.7  # lower ones are marks, not shapes
    smallest_symbol: float = 0.8  # the same for circles and diamonds
    largest_symbol: float = 7.0  # larger circles and diamonds are as other shapes
    symbol_fit: float = 0.88  # overlap: a symbol fits its shape better
    smallest_marked: float = 2.0  # symbols with a mark are larger, heads smaller
    thin: float = 0.5  # lines and the tips of heads are thinner than symbols with marks
    symbol_rim: float = 0.4  # inside a symbol: what is drawn nearer to its rim is its outline
    bar_length: float = 2.0  # bars of forks and joins are longer
    bar_breadth: float = 0.9  # they are lower
    bar_flat: float = 2.5  # long side by short: they have more, dots less
    bar_reach: float = 0.3  # beyond their ends, so far is blank; beside them, lines come so far
    lane_title_fit: float = 0.97  # a lane's title is as good a rectangle; ground cut off by connectors is not
    off_centre_across: float = 0.2  # of the width: text of a shape is off its middle by less, that in a loop by more
    off_centre: float = 0.25  # of the height: the same
    off_centre_lidded: float = 0.4  # of the height: the same under a lid, where words stand on the body
    least_dented: float = 0.55  # of its convex hull: shapes that letters cut notches into fill more
    most_dented: float = 0.93  # the same: with more, no notch matters
    healed: float = 0.7  # of what a hull adds: more has to lie at letters
    letter_margin: float = 0.4  # letters reach less far beyond the boxes of their words
    plate_room: float = 0.8  # plates behind labels leave less room around their text
    bare_plate_room: float = 1.8  # the same where they have no outline

    # the outlines of shapes
    thickest_outline: float = 0.6  # outlines are thinner
    blank_contrast: int = 30  # levels: the blurred rim of an outline differs from its paper by less
    blank_change: int = 40  # levels: the same for the change from pixel to pixel
    outlined: float = 0.72  # of what surrounds a shape: more of it is paper once its outline is covered
    corner_tolerance: float = 0.02  # of the shorter side: straight sides are off by less
    long_side: float = 0.25  # of the longest: what is shorter is a blunted corner
    blunt_corners: float = 0.12  # of the way around: blunted corners take less
    least_turn: float = 0.15  # sine: sides of a corner turn by more
    fade: float = 0.05  # change by contrast: the inside of a line has less, a shadow more
    fade_in_jpeg: float = 0.15  # the same where a JPEG wavers
    soft: float = 0.33  # change by contrast: shadows have less, lines more

    # outlines with gaps and hatched insides
    outline_gap: float = 0.15  # gaps of outlines that are closed first; then those twice and four times as wide
    outline_room: float = 0.15  # words are farther from the box around their shape
    apart: float = 1.0  # the lines of the text in one shape are less apart
    wide_ground: float = 400.0  # in its square: what is larger may be ground that shapes stand on
    hatching: float = 0.5  # the strokes of a hatched inside are less apart; else twice as far at most
    hatched: float = 1.1  # a hatched shape is higher; connectors are thinner
    roomy: float = 30.0  # times the square of a text's length: a shape around it is smaller, a frame larger

    # frames and their titles
    frame_side: float = 3.5  # sides of frames are longer
    rounded_corner: float = 1.1  # ends of two sides miss each other by less, as rounded corners make them
    corner_radius: float = 1.3  # times what sides fall short by: covers the curve of the corner
    unbroken: float = 0.9  # of a side that has to be seen
    as_full: float = 0.98  # of the fullest row: rows of the same border are as full
    thickest_border: float = 0.7  # borders are thinner
    frame_room: float = 0.3  # shapes in a frame are farther from its border; double outlines lie closer
    frame_area: float = 2.0  # times that of a shape in it: frames have more, outlines around one shape less
    ground_band: float = 0.3  # inside the border: what a frame's ground is taken from
    wide_border: int = 7  # pixels: what covers the border of a frame that was not measured
    border_stretch: float = 6.0  # of a border whose look is compared
    border_look: int = 40  # levels: a border differs less from itself nearby, what crosses it more
    title_room: float = 1.5  # heights of the title: it is nearer to the border of its frame
    title_centred: float = 0.4  # titles in the middle of a border are off it by less

    # lanes
    upright: float = 1.3  # height by width: title strips of lanes are more upright
    lane_gap: float = 0.8  # lanes and their titles are less apart
    lane_contrast: int = 14  # levels: lines between lanes differ from the ground by more
    lane_line: float = 0.4  # borders of titles and lines between lanes are thinner
    separator: float = 0.6  # of the page: pieces of a line between lanes are longer
    across_page: float = 0.82  # of the drawing: lines between lanes span more of it
    hidden: float = 0.25  # of its length: a line between lanes runs through shapes with less of it
    in_lane: float = 0.75  # of a shape: with less in one lane it is in none for sure

    # ink
    faintest_line: int = 12  # levels: lines and the grounds of frames differ from the paper by more
    ripple: float = 0.06  # of the contrast nearby: ripples of a JPEG are weaker
    line_core: float = 0.42  # of the contrast around: the blurred rim of a line is weaker
    attached: float = 0.4  # ink that reaches farther out of a letter's box makes it part of a line
    straight_run: float = 1.3  # straight strokes of letters are shorter, lines longer
    brushed: float = 0.25  # of a word's shorter side: a line that only brushes the word stays so close to its rim
    crossed: float = 0.05  # with less foreign ink in a word's box, no line runs through it
    plate_rim: float = 0.15  # painted plates reach farther beyond the boxes of their words
    plate_share: float = 0.04  # of a word's box: painted plates have more flat pixels of their colour
    hole: float = 1.2  # holes of hollow heads are smaller
    hole_area: float = 0.45  # the same by area
    speck: float = 0.35  # what is smaller belongs to no line
    speck_area: float = 0.25  # the same by area
    blot_breadth: float = 0.3  # blots that may be letters are broader, lines thinner

    # dots and dashes
    dash: float = 1.1  # dots and dashes are shorter
    dash_gap: float = 0.8  # gaps between dots and dashes are smaller
    dash_breadth: float = 0.3  # dots and dashes are thinner
    dashes_in_line: float = 0.97  # directions to dashes of one line agree by more
    dashes_around: float = 3.5  # dashes farther from a letter say nothing about it
    next_dash: float = 1.8  # the dash after a letter that is one is nearer
    own_dash: float = 0.4  # of a letter's size: marks that are nearer are the letter
    even: float = 0.4  # of the step: steps in a row of dots differ by less
    beyond_dots: float = 1.3  # steps: what a row of dots leads to is nearer
    opposite: float = 0.4  # the next piece on the other side is turned away from the first by more

    # heads
    filled_head: float = 2.15  # times a line's thickness: filled heads have more
    open_head: float = 2.4  # times a line's width: open heads have more
    spread_head: float = 1.75  # the same of a head that is a little thick too
    little_thick: float = 1.2  # what a little thick is
    thick_head: float = 1.6  # times a line's thickness: of a head that is a little wide too
    little_wide: float = 1.3  # what a little wide is
    surely_bare: float = 1.6  # times a line's width: an end with more may have a head
    surely_head: float = 2.1  # times a line's width: an end with less may have none
    two_heads: float = 1.45  # ratio: a head that measures more than the other of its line makes that a blot
    short_connector: float = 2.2  # a head is measured at both ends of shorter ones
    short_two_heads: float = 1.15  # ratio: as two_heads, on such a connector
    head_window: float = 1.5  # around the end: heads are smaller
    spread_path: float = 2.4  # how far a line is followed to compare its end's width with what is behind
    thickness_path: float = 2.6  # the same for its thickness
    head_length: float = 1.35  # heads are shorter: behind is bare line
    even_width: int = 25  # percentile of the widths along a short stroke: of a bare one all are alike
    head_bend: float = 0.8  # from the end: a line that turns nearer to it turns within its head
    head_share: float = 0.55  # of a short line: its head is shorter
    barb_reach: float = 1.3  # ink farther from the line is not a barb
    barb_slant: float = 0.45  # ink farther along the line than across is not a barb
    head_side: float = 1.05  # ink that reaches farther to a side is another line
    head_rise: float = 1.5  # pixels: heads stand out from the line by more
    bare_spread: float = 1.5  # the most that ink which stands out by less counts for
    head_centre: float = 0.35  # from the tip: where a filled head is thick
    head_radius: float = 0.85  # around its centre: where its thickness is looked for
    short_head_radius: float = 0.4  # the same at least, on a short line
    thickest_line: float = 2.5  # half widths of the lines: a line that measures more hides behind other ink
    thinnest_line: float = 0.8  # the same: no line is thinner
    head_at_shape: float = 0.9  # a side that a shape hides nearer than this may be a barb's
    barb_gap: float = 0.4  # barbs whose point a shape hides are less apart
    largest_head: float = 1.6  # filled heads are smaller
    smallest_head: float = 0.25  # heads are broader than this, lines thinner
    longest_head: float = 2.2  # heads apart from their lines are smaller from corner to corner
    broad_head: float = 0.35  # they are broader
    broad_head_lines: float = 2.2  # line widths: the same where lines are thick
    tip_gap: float = 0.5  # their tips are nearer to the shape
    tip_pixels: float = 2.5  # farther from the shape than the nearest pixel: what belongs to the tip
    head_upright: float = 0.5  # between a head's axis and the way to the shape: heads have more
    short_on_ink: float = 0.8  # of a short connector with its head: more is on the straight way, or it turns
    shortest_axis: float = 0.15  # from the tip to the middle: heads have more

    # ends of lines at shapes
    touching: float = 0.3  # a line that ends nearer to a shape touches it
    beside: float = 0.6  # the same where it does not lead away
    pointing: float = 1.2  # a line that points at a shape ends nearer
    hooked: float = 0.8  # an end that turns into a corner of its head is as near to the shape that the head points at
    end_heading: float = 0.7  # the stretch that a loose end's direction is measured over
    stub: float = 1.5  # heads that stand apart from their lines leave shorter strokes
    stub_turned: float = 0.15  # the far end of such a stroke is nearer to the shape by more: it is the tip
    converging: float = 1.3  # lines that share a head meet nearer to the shape
    converging_reach: float = 1.6  # the same in the direction they point in
    shared_head: float = 0.3  # lines that share a head agree by more
    knot_heading: float = 1.2  # the stretch that directions are measured over at knots: longer than a barb blurs
    at_border: float = 0.6  # a line that ends nearer to the border of a frame ends at the frame

    # what is not a line
    barb: float = 1.2  # barbs and whiskers are shorter
    barb_knot: float = 1.3  # from the shape: barbs leave their line nearer
    whisker: float = 0.45  # away from shapes, short ends of skeletons are shorter, lines longer
    tip_at_shape: float = 0.6  # the tip of a head is nearer to the shape
    shortest_rim: float = 0.3  # shorter strokes are left to other rules
    rim: float = 0.45  # what stays nearer to one shape is the rest of its outline
    barb_end: float = 1.1  # the turn where a line ended is nearer to the loose end of a barb
    barb_turn: float = 0.55  # the same turn is nearer to the shape
    barb_away: float = 0.2  # a barb leads away from the shape by more
    barb_line: float = 0.8  # the stretch of the line that a barb is compared with
    runs_on: float = 0.6  # what turns more from the line runs on, and is not a barb
    bend_tip: float = 0.35  # a line that is two bends nearer to the tip of a shape
    bend_away: float = 0.3  # both sides lead away from the shape by more
    bend_straight: float = -0.8  # sides that are turned from each other by more are one line
    crossing_knots: float = 0.55  # the two branchings that a crossing is drawn as are less apart

    # gaps
    farthest_ends: int = 12  # ends farther apart, in x or y, belong to different lines
    line_gap: float = 1.6  # gaps in a line are smaller
    wide_gap: float = 2.6  # gaps in a straight line are smaller
    gap_straight: float = 0.8  # a line and the gap in it agree by more
    gap_in_line: float = 0.92  # with more, they are one straight line
    under_word: float = 1.4  # a line that runs under a word ends nearer to it
    word_room: float = 2.5  # beyond the word's size: the gap that a word makes is smaller
    word_straight: float = 0.1  # a line and the gap that a word makes agree by more
    word_likelier: float = 0.8  # of the distance: what a gap counts for that a word explains
    close_ends: float = 0.35  # nearer ends are joined whatever their directions
    corner_gap: float = 1.1  # gaps at corners are smaller
    corner_back: float = -0.1  # at a corner, neither line turns back by more
    corner_sum: float = 0.7  # the two agreements at a corner add up to more

    # ways along lines
    crossing: int = 48  # degrees: the halves of a line that crosses another bend by less
    turn: int = 118  # degrees: a connector turns by less where lines meet
    dot: float = 2.4  # half widths of the lines: a dot on a branching is thicker
    bend: float = 0.12  # what the path that is told is off the line by at most
    dashed: float = 0.4  # of its points: a dashed line has more on joined dashes
    told_row: float = 1.5  # shapes in rows of this height are told from left to right

    # labels
    line_spacing: float = 0.6  # lines of one label are less apart
    line_overlap: float = 0.3  # the same where their boxes overlap
    name_reach: float = 1.6  # a name stands no further below or above its event or gateway
    name_off: float = 0.8  # and its middle no further to the side
    name_free: float = 0.4  # a connector that runs no further beside a label is what it labels
    label_reach: float = 2.4  # labels are nearer to their connectors
    to_middle: float = 0.15  # of the distance of a label's middle: settles which of two connectors is meant
    off_decision: float = 0.7  # by how much farther a label counts on a connector that does not leave a decision
    off_decision_through: float = 0.3  # of it, where the connector runs through the label

    # the second look at words
    blot_away: float = 0.9  # blots nearer to shapes are heads
    look_height: float = 2.2  # above and below a place where words may have been missed
    marks_rim: float = 0.3  # inside a shape: blurred outlines are thinner
    letter_gap: float = 0.8  # letters of one row are less apart
    letter_height: float = 0.4  # letters are higher
    readable: int = 36  # pixels: how high text is made for a second look
    read_again: float = 0.85  # confidence of a word that a second look may add
    overlap: float = 0.3  # of the smaller box: a word that was read before covers more of its second reading

    # what counts as read
    confident: float = 0.8  # confidence of a text that is not marked unsure and speaks for a chart in full
    fairly_confident: float = 0.6  # confidence below which a text hardly speaks for a chart
    fair_evidence: float = 0.7  # what a text between the two counts for
    least_evidence: float = 0.3  # what a dot, or a text below both, counts for
    well_fitting: float = 0.9  # overlap: a shape that fits less is marked unsure; dots speak for a chart only with more
    joined: float = 0.5  # of the shapes: connectors join more in a chart
    few_shapes: int = 3  # so few happen in photographs too: more has to speak for them
    evidence_of_few: float = 0.45  # surfaces in photographs give less, unless they hold words
    evidence_of_many: float = 0.25  # the same for more shapes
    improbable: float = 2.0  # connectors for each shape: charts have fewer; where more are traced, all are doubted
    on_side: float = 0.01  # of a shape's size: a rule of a table is nearer to the line of the side it continues
    on_side_pixels: int = 4  # the same for a small shape
    verified: float = 0.75  # confidence: less is told as unverified
    named: int = 72  # of 100: a node that a question names is more like its words
    same_text: int = 85  # of 100: a node's text and the model's are more alike


PARAMETERS = FlowchartParameters()
