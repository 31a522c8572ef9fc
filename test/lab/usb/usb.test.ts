// All tests of the USB lab, in one file and so in one process: each costs the virtual machine ten seconds to start.
import './fastboot-tests.js';
import './flash-tests.js';
import './console-tests.js';
