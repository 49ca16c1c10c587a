// npy files: bytes as NumPy writes them, round trips through xtensor, and broken files.
#include <drnet/io/npy.hpp>
#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include <xtensor/xadapt.hpp>
#include <xtensor/xview.hpp>

#include <cstdint>
#include <string>

namespace {

/// A version 1 file with this dictionary and data.
std::string npy(const std::string& dictionary, const std::string& data) {
  const auto length = static_cast<unsigned>(dictionary.size());
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(length & 255) +
         static_cast<char>(length >> 8) + dictionary + data;
}

std::string dictionary(const std::string& type, const std::string& order, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

const std::string kSixBytes{"\1\2\3\4\5\6", 6};

void check_fails(const std::string& bytes, const std::string& words) {
  const support::TempDir folder;
  const auto path = folder.write("broken.npy", bytes);
  std::string message = "no error";
  try {
    (void)drnet::read_npy<std::uint8_t>(path);
  } catch (const drnet::Error& error) {
    message = error.what();
    CHECK(error.place() == path.string());
  }
  CHECK_THAT(message, support::contains(words));
}

}  // namespace

TEST_CASE("npy round trip", "[npy]") {
  const support::TempDir folder;
  const xt::xarray<float> matrix{{1.5F, -2, 3}, {4, 5, 6e-40F}};
  drnet::write_npy(folder / "m.npy", matrix);
  CHECK((drnet::read_npy<float>(folder / "m.npy") == matrix));
  CHECK((drnet::read_npy<float>(folder / "m.npy").shape().size() == 2));

  const xt::xarray<double> doubled = 2.0 * matrix;
  drnet::write_npy(folder / "d.npy", 2.0 * matrix);
  CHECK((drnet::read_npy<double>(folder / "d.npy") == doubled));

  const xt::xarray<std::int64_t> column = {7, 8, 9};
  drnet::write_npy(folder / "c.npy", column);
  CHECK((drnet::read_npy<std::int64_t>(folder / "c.npy") == column));

  const xt::xarray<float, xt::layout_type::column_major> fortran = matrix;
  drnet::write_npy(folder / "f.npy", fortran);
  CHECK((drnet::read_npy<float>(folder / "f.npy") == matrix));

  drnet::write_npy(folder / "v.npy", xt::view(matrix, xt::all(), 1));
  CHECK((drnet::read_npy<float>(folder / "v.npy") == xt::xarray<float>{-2, 5}));

  const xt::xarray<float> scalar = 4.0F, empty = xt::xarray<float>::from_shape({2, 0});
  drnet::write_npy(folder / "s.npy", scalar);
  drnet::write_npy(folder / "e.npy", empty);
  CHECK(drnet::read_npy<float>(folder / "s.npy")() == 4.0F);
  CHECK((drnet::read_npy<float>(folder / "s.npy").dimension() == 0));
  CHECK((drnet::read_npy<float>(folder / "e.npy").shape() == empty.shape()));
  CHECK(folder.entries() == 7);
}

TEST_CASE("npy reads what NumPy writes", "[npy]") {
  const support::TempDir folder;
  const auto read = [&](const std::string& bytes) {
    return drnet::read_npy<std::uint8_t>(folder.write("x.npy", bytes));
  };
  const xt::xarray<std::uint8_t> rows{{1, 2, 3}, {4, 5, 6}}, columns{{1, 3, 5}, {2, 4, 6}};
  CHECK((read(npy(dictionary("|u1", "False", "(2, 3)"), kSixBytes)) == rows));
  CHECK((read(npy(dictionary("|u1", "True", "(2, 3)"), kSixBytes)) == columns));
  CHECK((read(npy(dictionary("|u1", "False", "(6,)"), kSixBytes)).dimension() == 1));
  CHECK((read(npy("{'shape':(2,3),'fortran_order':False,'descr':'|u1'}\n", kSixBytes)) == rows));
  // 182 bytes of header, which xt::load_npy misreads.
  std::string padded = dictionary("|u1", "False", "(2, 3)");
  padded.insert(padded.size() - 1, 182 - padded.size(), ' ');
  CHECK((read(npy(padded, kSixBytes)) == rows));
  const std::string text = dictionary("|u1", "False", "(2, 3)");
  CHECK((read(std::string("\x93NUMPY\x03\x00", 8) + static_cast<char>(text.size()) + std::string(3, '\0') +
              text + kSixBytes) == rows));
}

TEST_CASE("npy refuses broken files", "[npy]") {
  const std::string good = npy(dictionary("|u1", "False", "(2, 3)"), kSixBytes);
  for (std::size_t length = 0; length < good.size(); ++length)
    check_fails(good.substr(0, length), "expected");
  check_fails(good + "x", "got 7 bytes");
  check_fails("PK\3\4 an npz is a zip file", "other bytes at its start");
  check_fails(std::string("\x93NUMPY\x04\x00\x01\x00\x00\x00 ", 13), "npy version");
  check_fails(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12), "a header of at most");
  check_fails(npy("", ""), "'descr'");
  check_fails(npy("{'descr':", ""), "'descr'");
  check_fails(npy("{'descr': '|u1", ""), "between ' and '");
  check_fails(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234"),
              "between ' and '");
  check_fails(npy("{'descr': '|u1', 'shape': (6,)}", kSixBytes), "'fortran_order'");
  check_fails(npy("{'descr': '|u1', 'fortran_order': False}", kSixBytes), "'shape'");
  check_fails(npy(dictionary("|u1", "Maybe", "(6,)"), kSixBytes), "True or False");
  check_fails(npy(dictionary("|u1", "False", "(-6,)"), kSixBytes), "a shape of numbers");
  check_fails(npy(dictionary("|u1", "False", "(6.0,)"), kSixBytes), "a shape of numbers");
  check_fails(npy(dictionary("|u1", "False", "(,)"), kSixBytes), "a shape of numbers");
  check_fails(npy(dictionary("|u1", "False", "(2 3)"), kSixBytes), "a shape of numbers");
  check_fails(npy(dictionary("|u1", "False", "(99999999999999999999999,)"), kSixBytes), "a shape of numbers");
  check_fails(npy(dictionary("|u1", "False", "(4294967296, 4294967296)"), ""), "a shape of less than");
  check_fails(npy(dictionary("|u1", "False", "(4294967296, 2)"), ""), "8589934592 bytes of data");
  check_fails(npy(dictionary("|u1", "False", "6"), kSixBytes), "between ( and )");
  check_fails(npy(dictionary("<f4", "False", "(1,)"), "1234"), "got <f4");
}

TEST_CASE("npy refuses other element types and byte orders", "[npy]") {
  const support::TempDir folder;
  const auto big = folder.write("big.npy", npy(dictionary(">f4", "False", "(1,)"), "1234"));
  CHECK_THROWS_AS(drnet::read_npy<float>(big), drnet::Error);
  const xt::xarray<float> values{1, 2};
  drnet::write_npy(folder / "f.npy", values);
  CHECK_THROWS_AS(drnet::read_npy<double>(folder / "f.npy"), drnet::Error);
  CHECK_THROWS_AS(drnet::read_npy<float>(folder / "missing.npy"), drnet::Error);
  CHECK_THROWS_AS(drnet::write_npy(folder.path() / "no" / "f.npy", values), drnet::Error);
}
