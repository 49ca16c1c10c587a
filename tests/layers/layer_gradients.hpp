// What the tests of the layers' gradients share.
#pragma once

#include <support/catch.hpp>

#include <drnet/training/gradient_check.hpp>

namespace support {

/// Fails with the checker's summary unless every gradient of L is right to 1e-6.
template <class L, drnet::Shape In>
void check_layer(const drnet::GradientCheckOptions& options = {}) {
  const drnet::GradientReport report = drnet::check_gradients<L, In>(options);
  INFO(L::kName << " on " << drnet::to_string(In) << ", bank " << options.bank << " of " << options.banks
                << "\n"
                << report.summary());
  CHECK(report.passes(1e-6));
}

/// As check_layer(), with each of three banks: the gradients of the other two must vanish.
template <class L, drnet::Shape In>
void check_each_bank(drnet::GradientCheckOptions options = {}) {
  options.banks = 3;
  for (options.bank = 0; options.bank < options.banks; ++options.bank) check_layer<L, In>(options);
}

}  // namespace support
