// Takes a topology apart into the rows of a summary: containers are entered, everything else is one row.
#pragma once

#include "model.hpp"

#include <drnet/layers/residual.hpp>
#include <drnet/layers/sequential.hpp>

namespace drnet::program {

/// What becomes of a layer's output at inference: a tensor of its own, or nothing, as the layer is folded
/// into the one before.
enum class Output { tensor, folded };

/// Walks through a topology at one input shape and adds its shapes and costs to `rows`, in which the walks at
/// larger inputs have left theirs.
class LayerWalk {
 public:
  LayerWalk(int banks, std::vector<LayerRow>& rows) : banks_(banks), rows_(rows) {}

  template <class L>
  void visit(Shape in, const std::string& name, Output output = Output::tensor) {
    enter(static_cast<const L*>(nullptr), static_cast<const L*>(nullptr), in, name, output);
  }

 private:
  template <class L, class... Children>
  void enter(const L*, const Stack<std::tuple<Children...>>*, Shape in, const std::string& name, Output) {
    if constexpr (requires { L::identity(in); })
      if (L::identity(in)) return;  // a projection where nothing is to be projected
    L::walk(in, L::kCount, [&]<class Child>(int index, Shape shape) {
      const bool folded = L::kFolded[static_cast<std::size_t>(index)];
      visit<Child>(shape, joined_name(name, detail::field_name<Child>(index)),
                   folded ? Output::folded : Output::tensor);
    });
  }
  template <class L, class Branch, class Shortcut>
  void enter(const L*, const Residual<Branch, Shortcut>*, Shape in, const std::string& name, Output) {
    visit<Branch>(in, name);
    visit<Shortcut>(in, joined_name(name, "downsample"));
  }
  template <class L>
  void enter(const L*, const void*, Shape in, const std::string& name, Output output) {
    if constexpr (requires { L::identity(in); })
      if (L::identity(in)) return;
    if (at_ == rows_.size())
      rows_.push_back({.name = name, .kind = std::string(L::kName), .outputs = {}, .macs = {}});
    LayerRow& row = rows_[at_++];
    row.outputs.push_back(L::output(in));
    row.macs.push_back(L::macs(in));
    row.parameters = L::parameters(in, banks_);
    row.folded = output == Output::folded;
  }

  int banks_;
  std::vector<LayerRow>& rows_;
  std::size_t at_ = 0;
};

/// Adds what `table` says of a topology at the input shape In, the next smaller one.
template <class Topology, Shape In>
void add_input(int banks, LayerTable& table) {
  table.inputs.push_back(In.width);
  LayerWalk(banks, table.rows).visit<Topology>(In, "");
  table.arena_bytes.push_back(Topology::template arena<float, In>(1, 1) * static_cast<Index>(sizeof(float)));
}

}  // namespace drnet::program
