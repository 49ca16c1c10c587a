// Pictures in a report: examples by the resolution that was chosen for them, and by the smallest one that is
// right.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/io/markup.hpp>
#include <drnet/io/montage.hpp>
#include <drnet/io/report_page.hpp>
#include <drnet/io/svg_bars.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace drnet::inline DRNET_ISA {

namespace report_detail {

inline constexpr std::size_t kCaptionCharacters = 40;

std::string montage_figure(const auto& image, const montage_detail::Caption& words) {
  constexpr int kPixelatedBelow = 64;  // an enlarged small picture shows its pixels, not a blur
  return markup::fill_in(
      "<figure><img class=\"{}\" alt=\"{}\" src=\"{}\"><figcaption "
      "class=\"{}\">{}<small>{}</small></figcaption></figure>\n",
      {image.width < kPixelatedBelow ? "small" : "large", markup::escape(image.label),
       montage_detail::data_uri(image), words.wrong ? "wrong" : "right", markup::escape(words.predicted),
       markup::escape(words.remark)});
}

std::string montage(const auto& context) {
  if (context.report.montage.empty()) return "";
  std::string groups;
  for (const auto& [resolution, images] : montage_detail::by_resolution(context.report.montage)) {
    std::string figures;
    for (const MontageImage* image : images)
      figures += montage_figure(*image, montage_detail::caption(*image, kCaptionCharacters));
    groups += markup::fill_in("<h3>{}{}</h3><div class=\"montage\">\n{}</div>\n",
                              {svg::legend_square(context.part(resolution).shade),
                               montage_detail::heading(resolution, images.size()), figures});
  }
  const std::string& name = context.report.montage_of;
  return section("Images by chosen resolution" + (name.empty() ? "" : " · " + name), groups);
}

/// One class of a histogram: its images need `resolution`, or find none that is right (0).
struct ResolutionClass {
  int resolution;
  std::string name, heading;
  std::int64_t images;
  std::string fill;
};

/// From the images that the smallest candidate gets right to those that none does.
std::vector<ResolutionClass> resolution_classes(const auto& context, const Report::Run& run) {
  std::vector<ResolutionClass> classes;
  for (std::size_t j = run.candidates.size(); j-- > 0;) {
    const svg::Part part = context.part(run.candidates[j]);
    classes.push_back({run.candidates[j], part.name, part.name + " is enough", run.histogram->smallest[j],
                       part.shade.fill});
  }
  classes.push_back({0, "never", "No resolution is right", run.histogram->never, "var(--soft)"});
  return classes;
}

/// "54.3 %" of the images of a histogram.
std::string image_share(const auto& histogram, std::int64_t images) {
  return markup::number(100 * static_cast<double>(images) / histogram.images(), 1) + " %";
}

/// An example is right at its resolution; the remark says what the next smaller candidate takes it for.
montage_detail::Caption example_caption(const auto& image, const std::vector<int>& candidates) {
  const auto smaller = std::find_if(candidates.begin(), candidates.end(),
                                    [&](int resolution) { return resolution < image.resolution; });
  if (smaller == candidates.end() || image.correct())
    return montage_detail::caption(image, kCaptionCharacters);
  const std::string predicted = markup::shorten(image.predicted, kCaptionCharacters - 10);
  return {markup::fill_in("✓ {}", {markup::shorten(image.label, kCaptionCharacters - 2)}),
          markup::fill_in("at {} px: {}", {std::to_string(*smaller), predicted}), false};
}

std::string histogram_examples(const auto& run, const ResolutionClass& of) {
  std::string figures;
  for (const MontageImage& image : run.histogram->examples)
    if (image.resolution == of.resolution)
      figures += montage_figure(image, example_caption(image, run.candidates));
  if (figures.empty()) return "";
  return markup::fill_in("<h3>{}{} · {}</h3><div class=\"montage\">\n{}</div>\n",
                         {svg::legend_square({of.fill, ""}), of.heading,
                          montage_detail::image_count(static_cast<std::size_t>(of.images)), figures});
}

std::string histogram(const auto& context, const Report::Run& run) {
  const ResolutionHistogram& what = *run.histogram;
  std::vector<svg::Bar> bars;
  std::string examples;
  for (const ResolutionClass& one : resolution_classes(context, run)) {
    bars.push_back({one.name, 100 * static_cast<double>(one.images) / what.images(),
                    image_share(what, one.images), one.fill});
    examples += histogram_examples(run, one);
  }
  const std::string images = markup::number(what.images(), 0);
  const svg::ChartText words{"Images by their smallest correct resolution (%)",
                             markup::fill_in("of {} images", {images})};
  const std::string content = markup::fill_in(
      R"({}
<p>No resolution is right about {} of {} images. An oracle that knew the smallest correct one of each image would take it,
and the smallest of all where none is correct. It is a bound: it also profits from answers that are right by chance.</p>
{})",
      {chart(svg::bar_chart(bars, words)), std::to_string(what.never), images, examples});
  return section("Smallest correct resolution" + run_suffix(context, run), content);
}

std::string histograms(const auto& context) {
  std::string sections;
  for (const Report::Run& run : context.report.runs)
    if (run.histogram) sections += histogram(context, run);
  return sections;
}

}  // namespace report_detail

}  // namespace drnet::inline DRNET_ISA
