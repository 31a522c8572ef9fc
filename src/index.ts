// The public library: openMdt, the errors, and every type that their signatures name. An export list, nothing else.
export { openMdt, type OpenMdtOptions } from './library/open-mdt.js';
export type { BoardOptions, CompileOptions, Mdt, WaitForOptions } from './library/mdt.js';
export type { BenchOptions, Board, CopyOptions, ForwardRequest, ModelPushOptions } from './library/board.js';
export type { FlashAllOptions, FlashOptions, FlashResult } from './library/flash.js';
export type { HostKeys } from './library/host-keys.js';
export type { Settings } from './library/settings.js';
export type { CommandOptions, CommandResult } from './library/run-command.js';
export { quoteWord, quoteWords } from './ssh/quote.js';
export { reportCsv } from './bench/csv.js';
export { reportHtml } from './bench/html.js';

// Errors. `code` and `exitCode` are stable, messages are not.
export * from './errors.js';
export { AgentError } from './agent/agent-error.js';
export type { AgentErrorCode, AgentFailure } from './agent/messages.js';
export { ImageError } from './fastboot/image/image.js';
export { WrongBoardError } from './flash/errors.js';
export { FlashStepError } from './flash/step-error.js';
export { KeyExistsError } from './keys/keystore.js';
export { CompileFailedError, CompilerMissingError } from './models/compile.js';
export { RuntimeTooOldError } from './models/push-models.js';
export { ModelNotFoundError } from './models/remove-models.js';

// What the signatures of the methods name.
export type { LongOperation, OnProgress, ProgressEvent, ProgressUnit } from './time/progress.js';
export type { Device, DeviceState } from './device/device.js';
export type { FastbootTarget, NetworkTarget, UsbTarget } from './device/fastboot-target.js';
export type { ConsoleRoute, FastbootRoute, Route, SshMedium, SshRoute, UsbRoute } from './device/route.js';
export type { DeviceChange } from './discovery/watch.js';
export type { ListOptions, WaitOptions } from './pairing/boards.js';
export type { ContactOptions } from './pairing/contact.js';
export type { BoardRequest } from './pairing/host.js';
export type { PairMethod } from './pairing/first-contact.js';
export type { PairResult } from './pairing/pair.js';
export type { ConsolePairRequest } from './pairing/console-pair.js';
export type { Endpoint, ExecOptions, RemoteExit, RemoteProcess, RunOptions, TerminalSize } from './ssh/session.js';
export type { Forward, ForwardOptions } from './ssh/forward.js';
export {
  SKIP_REASONS,
  type SkippedFile,
  type SymlinkChoice,
  type TransferOptions,
  type TransferSummary,
} from './files/transfer.js';
export type { CheckedPackage, Downgrade, InstallOptions, InstallResult } from './files/install.js';
export type { PackageOperation } from './files/package-run.js';
export type { DebControl } from './files/deb.js';
export type { BoardInstaller } from './files/installer.js';
export type { BoardModel } from './models/board-models.js';
export type { PushedModel, PushModelsRequest, PushModelsResult } from './models/push-models.js';
export type { RemovedModel } from './models/remove-models.js';
export type { CompiledModel, OperatorMapping } from './tflite/compiler-log.js';
export type { CompileOutput, CompileRequest, CompileResult } from './models/compile.js';
export type { BenchRequest, RunChoices } from './bench/request.js';
export type { Baseline } from './bench/compare.js';
export type { BenchReport, Comparison, Conditions, ModelReport, Scaling, TrainingReport } from './bench/report.js';
export type { BoardPlace } from './bootloader/locate-board.js';
export type { BoardResult } from './flash/flash-all.js';
export type { FlashOutcome } from './flash/flash-board.js';
export type { FlashPreview } from './flash/preview.js';
export type { FlashPlan, FlashStep } from './flash/plan.js';
export type { Stop } from './flash/step-error.js';
export type { MendelVersion } from './flash/verify.js';
export type { ConsolePort } from './console/console-port.js';
export type { SerialPortFacts } from './discovery/serial-ports.js';
export type { UsbIdentity } from './discovery/usb-sysfs.js';
export type { InstalledRules, InstallRulesOptions } from './udev/install-rules.js';
export type { RulesReport } from './udev/check-rules.js';
export type { GenerateOptions, StoredIdentity } from './keys/keystore.js';
export type { Identity } from './keys/identity.js';
export type { Setting } from './config/settings.js';
export type { VariableName } from './config/variables.js';
