// The chooser of register tiles: what it picks for the widths of the candidate resolutions, and that every
// cut of a plane covers each output once.
#include <support/catch.hpp>

#include <drnet/kernels/tile.hpp>

namespace {

using namespace drnet;

constexpr TileShape tile_of(int extent, int blocks) {
  return choose_tile(extent, extent, blocks);
}

/// Whether the tiles of two extents differ for wide layers: 2 to 32 blocks of output channels.
constexpr bool differ(int extent, int other) {
  for (const int blocks : {2, 4, 8, 16, 32})
    if (tile_of(extent, blocks) == tile_of(other, blocks)) return false;
  return true;
}

// The stages of a residual network at 224 are 56, 28, 14 and 7 wide, at 168 they are 42, 21, 11 and 6 wide.
static_assert(differ(28, 21));
static_assert(differ(14, 11));
static_assert(differ(7, 6));
// The first stage: with one block of channels 56 and 42 want different tiles on every machine, with more of
// them where there are 16 registers. With 32 registers 14 pixels x 2 vectors are the best tile of both,
// because 14 divides both (6 x 4, the runner-up at 42, measured 0 to 1 % slower there).
static_assert(tile_of(56, 1) != tile_of(42, 1));
static_assert(kSimdRegisters == 16
                  ? differ(56, 42)
                  : tile_of(56, 4) == TileShape{1, 14, 2} && tile_of(42, 4) == TileShape{1, 14, 2});

// A narrow net has one vector of output channels to a tile and fills the registers with pixels.
static_assert(tile_of(32, 1).vectors == 1 && tile_of(32, 1).pixels >= 10);
static_assert(tile_of(1, 4).pixels == 1 && tile_of(1, 4).vectors == 4);

/// Counts how often each pixel of a row group is part of a tile.
template <int Rows, int Width, int Pixels>
void check_cut() {
  INFO(Rows << " rows of " << Width << ", tiles of " << Pixels);
  std::array<int, static_cast<std::size_t>(Rows * Width)> seen{};
  for_each_tile<Rows, Width, Pixels>([&](auto tile, int row, int column) {
    using Tile = decltype(tile);
    REQUIRE(Tile::kPixels <= Pixels);
    for (int p = 0; p < Tile::kPixels; ++p) {
      const int s = Tile::segment(p), x = Tile::column(p) + (s == 0 ? column : 0);
      REQUIRE(x < Width);
      ++seen.at(static_cast<std::size_t>((row + s) * Width + x));
    }
  });
  CHECK(std::all_of(seen.begin(), seen.end(), [](int count) { return count == 1; }));
}

}  // namespace

TEST_CASE("Tiles cover every pixel of a row group once", "[tile]") {
  check_cut<1, 56, 14>();
  check_cut<1, 42, 14>();
  check_cut<1, 42, 6>();
  check_cut<2, 21, 14>();
  check_cut<1, 11, 11>();
  check_cut<2, 7, 14>();
  check_cut<4, 7, 28>();
  check_cut<3, 6, 18>();
  check_cut<4, 2, 8>();
  check_cut<3, 1, 2>();
  check_cut<2, 11, 5>();
  check_cut<1, 1, 1>();
}

TEST_CASE("Tiles fit the registers, the plane and the layer", "[tile]") {
  for (int blocks = 1; blocks <= 32; ++blocks)
    for (int extent = 1; extent <= 120; ++extent) {
      const TileShape t = tile_of(extent, blocks);
      INFO(extent << " wide, " << blocks << " blocks: " << t.rows << " x " << t.pixels << " x " << t.vectors);
      REQUIRE(fits_registers(t.pixels, t.vectors));
      REQUIRE(t.rows <= extent);
      REQUIRE(t.pixels <= t.rows * extent);
      REQUIRE(t.vectors <= blocks);
    }
}

TEST_CASE("The cost of a plane counts leftover pixels, rows and vectors", "[tile]") {
  const TileShape tile{.rows = 1, .pixels = 14, .vectors = 2};
  CHECK(plane_cycles(1, 28, 2, tile) == Approx(2 * tile_cycles(14, 2)));
  CHECK(plane_cycles(1, 30, 2, tile) == Approx(2 * tile_cycles(14, 2) + tile_cycles(2, 2)));
  CHECK(plane_cycles(3, 14, 3, tile) == Approx(3 * (tile_cycles(14, 2) + tile_cycles(14, 1))));
  const TileShape joined{.rows = 2, .pixels = 14, .vectors = 1};
  CHECK(plane_cycles(5, 7, 1, joined) == Approx(2 * tile_cycles(14, 1) + tile_cycles(7, 1)));
}

TEST_CASE("Rows of any width have a tile", "[tile]") {
  for (const int width : {100, 448, 449, 1000, 5000}) {
    INFO("width " << width);
    CHECK(choose_tile(1, width, 1).pixels > 4);
    CHECK(choose_tile(3, width, 9).pixels > 2);
  }
}
