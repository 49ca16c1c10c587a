// The commands of the program. Each prints to standard output, throws Error for what it cannot do, and
// returns the exit code: 0, or 1 where a part of the work failed.
#pragma once

#include "options.hpp"

namespace drnet::program {

int run_train(const TrainOptions& options);
int run_experiments(const ExperimentsOptions& options);
int run_evaluate(const EvaluateOptions& options);
int run_predict(const PredictOptions& options);
int run_calibrate(const CalibrateOptions& options);
int run_tune(const TuneOptions& options);
int run_export(const ExportOptions& options);
int run_summary(const SummaryOptions& options);
int run_report(const ReportOptions& options);

/// Throws Error where run_train() could not begin, or where the folder of `output` holds another run. Writes
/// nothing; `weights` that are not there are no error, as another run may have to write them first.
void check_training(const TrainOptions& options);

}  // namespace drnet::program
