-- Appends a notification to the inboxes of devices of one partition, once per device.
-- The sequence never falls below the time: even a Redis that lost its last moments hands out no number twice.
-- An entry of high priority has its place less 2^52 as its score: high ones stand before all normal ones.
-- What it has to know of the devices is read for all of them at once: a call for each would be the most of its time.
-- KEYS  1 sequence  2 online  3 expiry index  4 deliveries of the notification  5 receipts stream  6 what is held
--       7 devices of the app  8 those that changed hands  9 those with push services of their own
--       10.. per device: inbox, and with a collapse key its collapse index
--       then per displacement: deliveries of the notification, device record
-- ARGV  1 now, base 36  2 notification  3 expires at, ms  4 when its deliveries may be forgotten, ms
--       5 '1' = only devices that are online  6 collapse key or ''  7 notification that it replaces or ''
--       8 '1' = high priority  9 bytes that count  10 bound of an inbox, entries  11 the same, bytes
--       12 this partition's share of the app's bound, entries  13 the same, bytes  14 'drop-oldest' or 'refuse'
--       15 app  16 devices that moved from then on (ms) are told ('' = none)  17 '1' = owners follow
--       18 when its deliveries are to be looked at: expired, or too old for an inbox, ms  19 number of devices
--       20.. their ids, then their owners, then per displacement: index of the device, notification, step letter
-- Result  {deposited, repeated, unknown, online: {index, seq, previous seq, connections, …},
--          needed: {index, notification to displace, step letter, …}, moved: {index, …}, asleep: {index, …}}
-- Unknown are those that are no devices of the app.
-- Asleep are devices that it waits for, that are not connected, and that want to be told by a push service of their own.
-- A device whose inbox is full, or holds an entry that this one takes the place of, is deposited to only when the call names
-- the entries that have to give way (their deliveries keys must be in KEYS): the caller asks again with what is `needed`.
local now, nid, collapseKey, replaces = ARGV[1], ARGV[2], ARGV[6], ARGV[7]
local onlineOnly, isHigh, bytes = ARGV[5] == '1', ARGV[8] == '1', tonumber(ARGV[9])
local maxEntries, maxBytes = tonumber(ARGV[10]), tonumber(ARGV[11])
local maxAppEntries, maxAppBytes, refuses = tonumber(ARGV[12]), tonumber(ARGV[13]), ARGV[14] == 'refuse'
local app, movedSince, hasOwners, n = ARGV[15], tonumber(ARGV[16]), ARGV[17] == '1', tonumber(ARGV[19])
local stride = collapseKey ~= '' and 2 or 1
local deliveries, held = KEYS[4], KEYS[6]
local HIGH = 4503599627370496
local OLDEST = 16
local lines = {}

local heldByApp = redis.call('HMGET', held, '#n:' .. app, '#b:' .. app)
local appEntries, appBytes = tonumber(heldByApp[1] or '0'), tonumber(heldByApp[2] or '0')
local entriesBefore, bytesBefore = appEntries, appBytes

local displacements = {}
local firstDisplaced = 10 + n * stride
local firstArg = 20 + n + (hasOwners and n or 0)
for a = firstArg, #ARGV, 3 do
  local index, d = tonumber(ARGV[a]), (a - firstArg) / 3 * 2
  local key, record = KEYS[firstDisplaced + d], KEYS[firstDisplaced + d + 1]
  displacements[index] = displacements[index] or {}
  table.insert(displacements[index], { nid = ARGV[a + 1], letter = ARGV[a + 2], key = key, record = record })
end

local function isFull(inbox, device, entries)
  return entries >= maxEntries
    or (bytes > 0 and tonumber(redis.call('HGET', held, device) or '0') + bytes > maxBytes)
    or appEntries >= maxAppEntries
    or (bytes > 0 and appBytes + bytes > maxAppBytes)
end

local function forgetBytes(device, size)
  appEntries = appEntries - 1
  if size then
    appBytes = appBytes - size
    if redis.call('HINCRBY', held, device, -size) <= 0 then
      redis.call('HDEL', held, device)
    end
  end
end

local function displace(olds, device, inbox)
  for _, old in ipairs(olds) do
    local at = redis.call('ZSCORE', inbox, old.nid)
    if at and (old.letter ~= 'x' or isFull(inbox, device, redis.call('ZCARD', inbox))) then
      if old.letter == 'x' and tonumber(at) > 0 then
        redis.call('HSET', old.record, 'floor', at)
      end
      redis.call('ZREM', inbox, old.nid)
      local stored = redis.call('HMGET', old.key, device, '#b')
      forgetBytes(device, stored[2])
      if stored[1] then
        redis.call('HSET', old.key, device, stored[1] .. ';' .. old.letter .. now)
        redis.call('HINCRBY', old.key, '#' .. old.letter, 1)
      end
      table.insert(lines, table.concat({ app, old.nid, device, old.letter, now, '', '', '' }, '\t'))
    end
  end
end

-- An entry that this one takes the place of, or nil.
local function predecessor(inbox, k)
  if collapseKey ~= '' then
    local old = redis.call('HGET', KEYS[k + 1], collapseKey)
    if old and old ~= nid and redis.call('ZSCORE', inbox, old) then
      return old
    end
  end
  if replaces ~= '' and redis.call('ZSCORE', inbox, replaces) then
    return replaces
  end
end

-- The oldest normal entries; where there is none, high ones.
local function oldest(inbox)
  local limit = bytes > 0 and OLDEST or 1
  local found = redis.call('ZRANGEBYSCORE', inbox, 0, '+inf', 'LIMIT', 0, limit)
  return #found > 0 and found or redis.call('ZRANGE', inbox, 0, limit - 1)
end

-- Fields whose entry has left the inbox are dropped when they are the most of them.
local function pruneCollapse(key, inbox)
  if redis.call('HLEN', key) <= 2 * redis.call('ZCARD', inbox) + 16 then
    return
  end
  local fields = redis.call('HGETALL', key)
  for f = 1, #fields, 2 do
    if not redis.call('ZSCORE', inbox, fields[f + 1]) then
      redis.call('HDEL', key, fields[f])
    end
  end
end

local function indexCollapse(key, inbox)
  redis.call('HSET', key, collapseKey, nid)
  pruneCollapse(key, inbox)
  local left = redis.call('PTTL', key)
  local wanted = tonumber(ARGV[3])
  if left < 0 or left + tonumber(now, 36) < wanted then
    redis.call('PEXPIREAT', key, wanted)
  end
end

-- Whole, and below 2^53: as a number it is written in full.
local function scoreOf(seq)
  return isHigh and seq - HIGH or seq
end

-- The place of an entry of the same priority before this score; 0 without one.
local function placeBefore(inbox, score)
  local floor = isHigh and '-inf' or 0
  local below = string.format('(%.0f', score)
  local before = redis.call('ZREVRANGEBYSCORE', inbox, below, floor, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if not before then
    return '0'
  end
  return isHigh and string.format('%.0f', before + HIGH) or before
end

local deposited, expired, dropped, repeated, unknown = 0, 0, 0, 0, 0
local online, needed, moved, asleep = {}, {}, {}, {}
-- For many devices, what is read of a key that is not there would be a long list of nothing.
local function isThere(key)
  return n < 8 or redis.call('EXISTS', key) == 1
end

-- Deliveries and counts are read and written together; `has` are the devices that have theirs by now.
local stored = {}
if isThere(deliveries) then
  stored = redis.call('HMGET', deliveries, '#q', '#e', '#x', unpack(ARGV, 20, 19 + n))
end
local changes, has = {}, {}
local nowMs = tonumber(now, 36)
local late = nowMs >= tonumber(ARGV[3])
local seq = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), nowMs)
redis.call('SET', KEYS[1], string.format('%.0f', seq + n))
local belongs = redis.call('SMISMEMBER', KEYS[7], unpack(ARGV, 20, 19 + n))
local connections, moves, wakes = {}, {}, {}
if isThere(KEYS[2]) then
  connections = redis.call('HMGET', KEYS[2], unpack(ARGV, 20, 19 + n))
end
if movedSince and isThere(KEYS[8]) then
  moves = redis.call('HMGET', KEYS[8], unpack(ARGV, 20, 19 + n))
end
if isThere(KEYS[9]) then
  wakes = redis.call('SMISMEMBER', KEYS[9], unpack(ARGV, 20, 19 + n))
end
local queued = 'q' .. now

local function tellOnline(i, place, before)
  local o = #online
  online[o + 1], online[o + 2], online[o + 3], online[o + 4] = i, place, before, connections[i]
end

local function change(field, value)
  local c = #changes
  changes[c + 1], changes[c + 2] = field, value
end

local function begin(device, steps)
  has[device] = true
  change(device, steps)
end

local function close(device, letter, why)
  begin(device, queued .. ';' .. letter .. now .. ',,' .. why)
  table.insert(lines, table.concat({ app, nid, device, letter, now, '', why, '' }, '\t'))
end

local function need(i, entries, letter)
  for _, entry in ipairs(entries) do
    table.insert(needed, i)
    table.insert(needed, entry)
    table.insert(needed, letter)
  end
end

-- `entries` are those that the inbox has before this one.
local function append(i, k, inbox, device, entries)
  local score = scoreOf(seq + i)
  local before = connections[i] and (entries == 0 and '0' or placeBefore(inbox, score))
  redis.call('ZADD', inbox, score, nid)
  begin(device, queued)
  if collapseKey ~= '' then
    indexCollapse(KEYS[k + 1], inbox)
  end
  appEntries = appEntries + 1
  if bytes > 0 then
    appBytes = appBytes + bytes
    redis.call('HINCRBY', held, device, bytes)
  end
  deposited = deposited + 1
  if connections[i] then
    tellOnline(i, seq + i, before)
  elseif wakes[i] == 1 then
    table.insert(asleep, i)
  end
end

local function deposit(i, k, inbox, device)
  if displacements[i] then
    displace(displacements[i], device, inbox)
  end
  local old = predecessor(inbox, k)
  if old then
    return need(i, { old }, 'c')
  end
  local entries = redis.call('ZCARD', inbox)
  if isFull(inbox, device, entries) then
    local oldOnes = refuses and {} or oldest(inbox)
    if #oldOnes > 0 then
      return need(i, oldOnes, 'x')
    end
    dropped = dropped + 1
    return close(device, 'x', 'inbox full')
  end
  append(i, k, inbox, device, entries)
end

local function hasMoved(i)
  if not moves[i] then
    return false
  end
  local at, user = moves[i]:match('^(%d+) (.*)$')
  return tonumber(at) >= movedSince and not (hasOwners and user == ARGV[19 + n + i])
end

for i = 1, n do
  local k = 10 + (i - 1) * stride
  local inbox, device = KEYS[k], ARGV[19 + i]
  if belongs[i] == 0 then
    unknown = unknown + 1
  elseif stored[3 + i] or has[device] then
    repeated = repeated + 1
    local at = (connections[i] or wakes[i] == 1) and redis.call('ZSCORE', inbox, nid)
    if at and not connections[i] then
      table.insert(asleep, i)
    elseif at then
      local place = isHigh and string.format('%.0f', at + HIGH) or at
      tellOnline(i, place, placeBefore(inbox, at))
    end
  elseif hasMoved(i) then
    table.insert(moved, i)
  elseif late or (onlineOnly and not connections[i]) then
    expired = expired + 1
    close(device, 'e', late and 'late' or 'offline')
  else
    deposit(i, k, inbox, device)
  end
end

local made = deposited + expired + dropped
if made > 0 then
  change('#q', (stored[1] or 0) + made)
  if expired > 0 then
    change('#e', (stored[2] or 0) + expired)
  end
  if dropped > 0 then
    change('#x', (stored[3] or 0) + dropped)
  end
  if bytes > 0 then
    change('#b', bytes)
  end
  redis.call('HSET', deliveries, unpack(changes))
  if not stored[1] then
    redis.call('PEXPIREAT', deliveries, ARGV[4])
  end
  redis.call('ZADD', KEYS[3], 'LT', ARGV[18], nid)
  table.insert(lines, table.concat({ app, nid, '', 'q', now, '', made, '' }, '\t'))
end
if appEntries ~= entriesBefore then
  redis.call('HINCRBY', held, '#n:' .. app, appEntries - entriesBefore)
end
if appBytes ~= bytesBefore then
  redis.call('HINCRBY', held, '#b:' .. app, appBytes - bytesBefore)
end
if #lines > 0 then
  report(KEYS[5], lines)
end
return { made, repeated, unknown, online, needed, moved, asleep }
