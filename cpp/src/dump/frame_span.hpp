// SPDX-License-Identifier: MIT
// Finds one frame of a LAMMPS text dump in a buffer, without reading its rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipip::dump {

/// What every frame has. Its units ("ITEM: UNITS", mostly only in the first frame of a file) and
/// its time ("ITEM: TIME") may precede it; the frame then begins with these.
inline constexpr std::string_view kFrameBegin = "ITEM: TIMESTEP";

/// Start of the frame whose "ITEM: TIMESTEP" is at `at`.
std::size_t begin_of_frame(std::string_view text, std::size_t at);

/// What a buffer holds where a frame begins.
enum class Found {
  frame,       ///< a whole frame
  incomplete,  ///< its end is not in the buffer
  broken       ///< it is cut off and another frame begins in it (a run that was killed and resumed)
};

/// Header of a frame, and where its rows are.
struct FrameSpan {
  Found found = Found::incomplete;
  std::int64_t step = 0;
  std::string_view units;         ///< name of the units, if the frame names them
  std::optional<double> time;     ///< in these units
  std::int64_t count = 0;         ///< rows
  std::vector<std::string> box;   ///< words after "ITEM: BOX BOUNDS"
  std::vector<double> bounds;     ///< [3, bounds_width] row by row
  std::int64_t bounds_width = 0;  ///< 2, 3 (tilts) or 4 (general triclinic)
  std::string_view columns;       ///< names, as in the text
  std::size_t rows = 0;           ///< where the rows begin
  std::size_t end = 0;  ///< where the next frame begins; of `incomplete` and blank text: undefined
};

/// Reads the header of the frame that begins at `begin` of `text`: `frame` if it is complete. All
/// positions count from the start of `text`.
/// Throws ipip::Error where the text is not a dump of atoms.
FrameSpan read_header(std::string_view text, std::size_t begin);

/// Finds the end of the rows after a complete header: sets `found` and `end`.
void find_rows(std::string_view text, FrameSpan& span);

/// Words of a line, split at blanks, as copies.
std::vector<std::string> names_of(std::string_view line);

}  // namespace ipip::dump
