// Ctrl-C during training: the step that runs is finished, then the command ends, and no file is left half
// written.
#pragma once

#include <exception>

namespace drnet::program {

/// Thrown by check_interrupt().
struct Interrupted : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }
};

/// From now on the first Ctrl-C (or SIGTERM) is only noted; the second one ends the program.
void catch_interrupts();

/// Throws Interrupted if one was noted.
void check_interrupt();

}  // namespace drnet::program
