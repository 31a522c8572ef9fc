import test from 'ava';
import type { Device } from '../../src/device/device.js';
import { SearchEnd } from '../../src/discovery/search-end.js';

function boards(...names: readonly string[]): Device[] {
  return names.map(name => ({ name, state: 'unpaired', routes: [] }));
}

const QUIET = { pendingUntil: 0 };

test('a search that finds boards ends after 150 ms of quiet, but not before 180 ms', t => {
  const end = new SearchEnd({ startedAt: 1000 });
  t.is(end.at({ ...QUIET, now: 1010, devices: boards('otter') }), 1180);
  t.is(end.at({ ...QUIET, now: 1050, devices: boards('otter') }), 1180, 'the same board again is no news');
  t.is(end.at({ ...QUIET, now: 1130, devices: boards('newt', 'otter') }), 1280, 'a board that answers 120 ms later is');
});

test('what is on its way is waited for', t => {
  const end = new SearchEnd({ startedAt: 0 });
  t.is(end.at({ now: 10, devices: boards('otter'), pendingUntil: 600 }), 600);
});

test('news without end are cut off at the deadline', t => {
  const end = new SearchEnd({ startedAt: 0, timeoutMs: 1000 });
  t.is(end.at({ now: 990, devices: boards('otter'), pendingUntil: 5000 }), 1000);
  t.is(new SearchEnd({ startedAt: 0 }).at({ now: 9990, devices: boards('otter'), pendingUntil: 0 }), 10_000);
});

test('nothing found takes 2 s, or as long as was asked for', t => {
  t.is(new SearchEnd({ startedAt: 0 }).at({ ...QUIET, now: 100, devices: [] }), 2000);
  t.is(new SearchEnd({ startedAt: 0, timeoutMs: 7000 }).at({ ...QUIET, now: 100, devices: [] }), 7000);
});

test('a board that is known and has not answered yet is waited for 500 ms', t => {
  const end = new SearchEnd({ startedAt: 0, known: [{ name: 'Otter' }, { name: 'newt' }] });
  t.is(end.at({ ...QUIET, now: 10, devices: boards('otter') }), 500);
  t.is(end.at({ ...QUIET, now: 200, devices: boards('newt', 'otter') }), 350);
});

test('the search for one board ends when it has answered, whatever else is found', t => {
  const end = new SearchEnd({ startedAt: 0, wanted: { kind: 'name', name: 'newt' } });
  t.is(end.at({ ...QUIET, now: 10, devices: boards('otter') }), 10_000);
  t.is(end.at({ ...QUIET, now: 40, devices: boards('newt', 'otter') }), 55);
  t.is(end.at({ ...QUIET, now: 50, devices: boards('crab', 'newt', 'otter') }), 55, 'other news do not prolong it');
});

const GADGET: Device = { name: 'newt', state: 'console-only', routes: [] };
const NEWT = { kind: 'name', name: 'newt' } as const;
const PORT = { kind: 'usb-port', usbPort: '1-4' } as const;

function onUsb(state: Device['state']): Device {
  return { name: '', state, routes: [{ kind: 'console', medium: 'serial', path: '/dev/ttyUSB0', usbPort: '1-4' }] };
}

test('a console that tells the name of the wanted board is that of a Mendel whose network comes up yet', t => {
  const end = new SearchEnd({ startedAt: 0, wanted: NEWT });
  t.is(end.at({ ...QUIET, now: 5, devices: [GADGET] }), 10_000);
  t.is(end.at({ ...QUIET, now: 3000, devices: [{ ...GADGET, state: 'unpaired' }] }), 3015);
});

test('a wanted board that is only a console is given time to be more, one in fastboot is none', t => {
  t.is(new SearchEnd({ startedAt: 0, wanted: PORT }).at({ ...QUIET, now: 5, devices: [onUsb('fastboot')] }), 20);
  const end = new SearchEnd({ startedAt: 0, wanted: PORT });
  t.is(end.at({ ...QUIET, now: 5, devices: [onUsb('console-only')] }), 500);
  t.is(end.at({ now: 6, pendingUntil: 1200, devices: [onUsb('console-only')] }), 1200, 'a cable that is being asked');
  t.is(end.at({ ...QUIET, now: 700, devices: [onUsb('unpaired')] }), 715);
});

test('where nothing runs, what is seen at once is no reason to end before boards had their time', t => {
  const end = new SearchEnd({ startedAt: 0 });
  t.is(end.at({ ...QUIET, now: 5, devices: [onUsb('console-only'), onUsb('fastboot')] }), 500);
});
