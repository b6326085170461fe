-- Records what happened to deliveries, of one partition or of all that lie on this Redis; a final step takes the entry out of the device's inbox.
-- KEYS  1 receipts stream, of any of the partitions  2.. per notification and partition: what is held, deliveries, and the inbox of each device
-- ARGV  1.. per notification and partition: notification, app, number of count fields, number of devices; '#b', the count fields of all letters
--           that the steps may have, the devices; per device: number of its steps, and per step: the step as stored, the receipt as a line
-- Result  how many steps changed something
-- A delivery only moves forward. q → w → a → d → o; e, c, x, r, p, f, s close what has not been acknowledged.
local RANK = { q = 1, w = 2, a = 5, d = 6, o = 7, e = 9, c = 9, x = 9, r = 9, p = 9, f = 9, s = 9 }
local lines = {}

-- The delivery with the steps that take it further; `counts` gets one more for each.
local function advance(stored, steps, at, counts)
  local last = RANK[stored:match('^.*;(%a)') or stored:sub(1, 1)]
  for i = at, at + 2 * steps - 1, 2 do
    local step, line = ARGV[i], ARGV[i + 1]
    local letter = step:sub(1, 1)
    local rank = RANK[letter]
    local closing = rank == 9
    if rank > last and not (closing and last >= 5) then
      if rank > 5 and not closing and last < 5 then
        -- Displayed or opened, so it has arrived: the acknowledgement is implied.
        stored = stored .. ';a' .. step:sub(2)
        counts['#a'] = (counts['#a'] or 0) + 1
        lines[#lines + 1] = (line:gsub('^([^\t]*\t[^\t]*\t[^\t]*\t)%a\t', '%1a\t', 1))
      end
      stored = stored .. ';' .. step
      counts['#' .. letter] = (counts['#' .. letter] or 0) + 1
      lines[#lines + 1] = line
      last = rank
    end
  end
  return stored
end

local function isFinal(steps, at)
  for i = at, at + 2 * steps - 1, 2 do
    if RANK[ARGV[i]:sub(1, 1)] >= 5 then
      return true
    end
  end
  return false
end

local function forgetBytes(held, device, bytes)
  if bytes and redis.call('HINCRBY', held, device, -bytes) <= 0 then
    redis.call('HDEL', held, device)
  end
end

local k, a = 2, 1
while k <= #KEYS do
  local held, deliveries = KEYS[k], KEYS[k + 1]
  local nid, app, fields, devices = ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local names = a + 4
  local found = redis.call('HMGET', deliveries, unpack(ARGV, names, names + fields + devices))
  local bytes, left = found[1], 0
  local counts, changes = {}, {}
  a = names + fields + devices + 1
  for i = 1, devices do
    local device, stored = ARGV[names + fields + i], found[1 + fields + i]
    local steps = tonumber(ARGV[a])
    if stored then
      local reached = advance(stored, steps, a + 1, counts)
      if reached ~= stored then
        changes[#changes + 1] = device
        changes[#changes + 1] = reached
      end
    end
    if isFinal(steps, a + 1) and redis.call('ZREM', KEYS[k + 1 + i], nid) == 1 then
      left = left + 1
      forgetBytes(held, device, bytes)
    end
    a = a + 1 + 2 * steps
  end
  if #changes > 0 then
    for i = 1, fields do
      local field = ARGV[names + i]
      if counts[field] then
        changes[#changes + 1] = field
        changes[#changes + 1] = (tonumber(found[1 + i]) or 0) + counts[field]
      end
    end
    redis.call('HSET', deliveries, unpack(changes))
  end
  if left > 0 then
    redis.call('HINCRBY', held, '#n:' .. app, -left)
    if bytes then
      redis.call('HINCRBY', held, '#b:' .. app, -left * bytes)
    end
  end
  k = k + 2 + devices
end
if #lines > 0 then
  report(KEYS[1], lines)
end
return #lines
