// xtensor on both sides: images as an xtensor expression go in, results come out as an npy file that numpy
// reads.
#include <drnet/drnet.hpp>

#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>

#include <cstdio>
#include <filesystem>

using namespace drnet;

using Net = DynamicNetwork<models::CifarResNet<1>, NoPredictor, Resolutions<32>>;

int main() {
  // Six pictures of waves, [image][channel][row][column], from expressions that broadcast.
  const auto speed = xt::reshape_view(xt::arange<float>(1, 7), {6, 1, 1, 1});
  const auto row = xt::reshape_view(xt::linspace<float>(0, 6, 32), {1, 1, 32, 1});
  const auto column = xt::reshape_view(xt::linspace<float>(0, 6, 32), {1, 1, 1, 32});
  const auto color = xt::reshape_view(xt::xtensor<float, 1>{1.0F, 0.0F, -1.0F}, {1, 3, 1, 1});
  const xt::xtensor<float, 4> images = xt::sin(speed * row) * xt::cos(speed * column + color);

  const Net net(/*seed=*/1);
  const Session<Net> session(net);
  auto workspace = session.make_workspace();
  std::vector<Classification> results(6);
  xt::xtensor<float, 2> logits = xt::zeros<float>({6, Net::kClasses});
  session.classify({images.data(), 6, 3, 32, 32}, results, workspace, {logits.data(), logits.size()});

  const auto file = std::filesystem::temp_directory_path() / "drnet_xtensor_in_out.npy";
  write_npy(file, xt::exp(logits));  // any expression
  const xt::xarray<float> back = read_npy<float>(file);
  std::filesystem::remove(file);

  for (std::size_t i = 0; i < results.size(); ++i)
    std::printf("picture %zu: class %d with %.2f\n", i, results[i].label,
                static_cast<double>(results[i].probability));
  return xt::allclose(xt::log(back), logits) ? 0 : 1;
}
