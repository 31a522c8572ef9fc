/*
 * A test double of libedgetpu: the functions of edgetpu_c.h and of TensorFlow Lite's delegate plugins. It runs no model:
 * the Edge TPU operator waits for MDT_DOUBLE_US microseconds and fills its outputs with sevens, and the version says
 * that all of it is simulated. MDT_DOUBLE_DEVICES is a list such as `pci:/dev/apex_0,usb:/sys/bus/usb/devices/1-1`.
 * MDT_DOUBLE_BEHAVIOUR is empty or one of the ways in which the real one fails.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensorflow/lite/c/common.h"

#define MAX_DEVICES 16
/* The library itself gives up after 25 s. */
#define STALL_S 250

enum edgetpu_device_type { EDGETPU_APEX_PCI = 0, EDGETPU_APEX_USB = 1 };
struct edgetpu_device {
  enum edgetpu_device_type type;
  const char *path;
};
struct edgetpu_option {
  const char *name;
  const char *value;
};

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? "" : value;
}

static int behaves(const char *how) { return strcmp(setting("MDT_DOUBLE_BEHAVIOUR"), how) == 0; }

const char *edgetpu_version(void) { return "simulated by a test double, RuntimeVersion(14)"; }

void edgetpu_verbosity(int verbosity) { (void)verbosity; }

struct edgetpu_device *edgetpu_list_devices(size_t *count) {
  *count = 0;
  if (setting("MDT_DOUBLE_DEVICES")[0] == '\0') return NULL;
  struct edgetpu_device *devices = calloc(MAX_DEVICES, sizeof *devices);
  char *text = strdup(setting("MDT_DOUBLE_DEVICES")), *rest = text;
  for (char *item = strsep(&rest, ","); item != NULL && *count < MAX_DEVICES; item = strsep(&rest, ",")) {
    devices[*count].type = strncmp(item, "usb:", 4) == 0 ? EDGETPU_APEX_USB : EDGETPU_APEX_PCI;
    devices[*count].path = item + 4;
    *count += 1;
  }
  return devices;
}

void edgetpu_free_devices(struct edgetpu_device *devices) { free(devices); }

static void *init(TfLiteContext *context, const char *buffer, size_t length) {
  (void)context, (void)buffer, (void)length;
  return NULL;
}

static TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node) {
  (void)node;
  if (behaves("is-too-old")) {
    context->ReportError(context, "Package requires runtime version (15), which is newer than this runtime version (14).");
    return kTfLiteError;
  }
  if (behaves("does-not-fit")) {
    context->ReportError(context, "Internal: Unsupported data type in custom op handler: 0");
    return kTfLiteError;
  }
  return kTfLiteOk;
}

static TfLiteStatus invoke(TfLiteContext *context, TfLiteNode *node) {
  static int done;
  if (behaves("crashes-later") && ++done > 3) raise(SIGSEGV);
  usleep((useconds_t)atoi(setting("MDT_DOUBLE_US")));
  for (int at = 0; at < node->outputs->size; at++) {
    TfLiteTensor *tensor = &context->tensors[node->outputs->data[at]];
    memset(tensor->data.raw, 7, tensor->bytes);
  }
  return kTfLiteOk;
}

static TfLiteStatus take_over(TfLiteContext *context, TfLiteDelegate *delegate) {
  TfLiteIntArray *plan;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  TfLiteIntArray *mine = malloc(sizeof(TfLiteIntArray) + sizeof(int) * (size_t)plan->size);
  mine->size = 0;
  for (int at = 0; at < plan->size; at++) {
    TfLiteNode *node;
    TfLiteRegistration *operator;
    if (context->GetNodeAndRegistration(context, plan->data[at], &node, &operator) != kTfLiteOk) return kTfLiteError;
    if (operator->custom_name != NULL && strcmp(operator->custom_name, "edgetpu-custom-op") == 0)
      mine->data[mine->size++] = plan->data[at];
  }
  TfLiteRegistration kernel = {.init = init, .prepare = prepare, .invoke = invoke, .custom_name = "simulated"};
  TfLiteStatus status = context->ReplaceNodeSubsetsWithDelegateKernels(context, kernel, mine, delegate);
  free(mine);
  return status;
}

/* `pci:0` is the first on PCIe, `usb:1` the second on USB, as libedgetpu has it. */
static int is_there(const char *name) {
  size_t count;
  struct edgetpu_device *devices = edgetpu_list_devices(&count);
  int wanted = strlen(name) > 4 ? atoi(name + 4) : 0, found = 0;
  for (size_t at = 0; at < count; at++)
    found += devices[at].type == (strncmp(name, "usb", 3) == 0 ? EDGETPU_APEX_USB : EDGETPU_APEX_PCI);
  edgetpu_free_devices(devices);
  return wanted < found;
}

TfLiteDelegate *edgetpu_create_delegate(enum edgetpu_device_type type, const char *name,
                                        const struct edgetpu_option *options, size_t option_count) {
  (void)type, (void)options, (void)option_count;
  fprintf(stderr, "simulated: opens %s\n", name);
  if (behaves("crashes")) raise(SIGSEGV);
  if (behaves("is-busy")) return NULL;
  if (behaves("stalls") || !is_there(name)) {
    sleep(STALL_S);
    return NULL;
  }
  TfLiteDelegate *delegate = calloc(1, sizeof *delegate);
  delegate->Prepare = take_over;
  /* Without it TensorFlow Lite prepares the operators, which it does not know, before they are taken over. */
  delegate->flags = kTfLiteDelegateFlagsAllowDynamicTensors;
  return delegate;
}

void edgetpu_free_delegate(TfLiteDelegate *delegate) { free(delegate); }

TfLiteDelegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  const char *device = "";
  (void)report;
  for (size_t at = 0; at < count; at++)
    if (strcmp(keys[at], "device") == 0) device = values[at];
  return edgetpu_create_delegate(EDGETPU_APEX_PCI, device, NULL, 0);
}

void tflite_plugin_destroy_delegate(TfLiteDelegate *delegate) { edgetpu_free_delegate(delegate); }
