// Pictures in one folder per class, <folder>/<class>/<file>.{jpg,jpeg,png}, all of them or those that a list
// names. Component drnet::image (decoding).
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/data/dataset.hpp>
#include <drnet/data/decode.hpp>
#include <drnet/data/file.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Which pictures, and the order of the classes; a path left empty means the default.
struct ImageFolderOptions {
  std::filesystem::path list;  ///< lines "class/file.jpg" below the folder; default: every picture, by name
  std::filesystem::path classes;  ///< line = class: folder name, then optionally a space and its title;
                                  ///< default: the sub-folders by name, the same with every list
};

/// Throws Error for a folder without classes, a class folder without pictures (unless a list chooses), an
/// empty list, or a list line that names no file; `image` throws for a file that does not decode.
class ImageFolder final : public Dataset {
 public:
  explicit ImageFolder(std::filesystem::path folder, const ImageFolderOptions& options = {})
      : folder_(std::move(folder)) {
    require_folder(folder_);
    options.classes.empty() ? classes_from_folders() : classes_from(options.classes);
    options.list.empty() ? pictures_from_folders() : pictures_from(options.list);
  }

  [[nodiscard]] std::size_t size() const override { return items_.size(); }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return names_; }
  [[nodiscard]] int label(std::size_t index) const override { return items_[checked(index)].label; }
  [[nodiscard]] Image image(std::size_t index) const override {
    return read_image(folder_ / describe(index));
  }
  [[nodiscard]] std::string describe(std::size_t index) const override { return items_[checked(index)].path; }

 private:
  struct Item {
    std::string path;  // relative to the folder, '/' as separator
    int label;
  };

  void add_class(const std::string& folder_name, const std::string& title, const std::string& place) {
    const bool added = labels_.emplace(folder_name, static_cast<int>(names_.size())).second;
    if (!added) throw Error(place, "every class once", folder_name + " again");
    names_.push_back(title);
  }

  void classes_from_folders() {
    for (const std::string& name : entries(folder_, is_folder)) add_class(name, name, folder_.string());
    if (names_.empty()) throw Error(folder_.string(), "one sub-folder per class", "no sub-folder");
  }

  void classes_from(const std::filesystem::path& file) {
    for (const Line& line : read_lines(file)) {
      const std::size_t space = line.text.find(' ');
      add_class(line.text.substr(0, space),
                space == std::string::npos ? line.text : line.text.substr(space + 1),
                file.string() + ", line " + std::to_string(line.number));
    }
  }

  void pictures_from_folders() {
    for (const auto& [name, label] : labels_) {
      if (!is_folder(folder_ / name)) continue;  // a class file may name more classes
      const auto files = entries(folder_ / name, is_picture);
      if (files.empty()) throw Error((folder_ / name).string(), "pictures (.jpg, .jpeg, .png)", "none");
      for (const std::string& file : files) items_.push_back({name + '/' + file, label});
    }
    if (items_.empty()) throw Error(folder_.string(), "folders of the classes", "none of them");
  }

  void pictures_from(const std::filesystem::path& list) {
    for (const Line& line : read_lines(list)) {
      const std::string place = list.string() + ", line " + std::to_string(line.number);
      const std::size_t slash = line.text.find('/');
      const auto found = labels_.find(line.text.substr(0, slash));
      if (slash == std::string::npos || found == labels_.end())
        throw Error(place, "class/file with a class of " + folder_.string(), line.text);
      if (!is_file(folder_ / line.text))
        throw Error(place, "a picture in " + folder_.string(), line.text + ", which is not there");
      items_.push_back({line.text, found->second});
    }
  }

  static bool is_picture(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return is_file(path) && (extension == ".jpg" || extension == ".jpeg" || extension == ".png");
  }

  /// Names in `folder` that satisfy the predicate, sorted; hidden ones are passed over.
  template <class Predicate>
  static std::vector<std::string> entries(const std::filesystem::path& folder, Predicate wanted) {
    std::vector<std::string> names;
    for (const auto& path : read_folder(folder))
      if (std::string name = path.filename().string(); !name.starts_with('.') && wanted(path))
        names.push_back(std::move(name));
    std::ranges::sort(names);
    return names;
  }

  std::filesystem::path folder_;
  std::map<std::string, int> labels_;  // folder name -> label
  std::vector<std::string> names_;
  std::vector<Item> items_;
};

}  // namespace drnet::inline DRNET_ISA
