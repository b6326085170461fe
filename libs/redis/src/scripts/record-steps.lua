-- Records what happened to deliveries of one partition; a final step takes the entry out of the device's inbox.
-- KEYS  1 receipts stream  2 what is held  3.. per step: inbox of the device, deliveries of the notification
-- ARGV  per step: device, notification, step letter, the step as stored, the receipt as a line
-- Result  how many steps changed something
-- A delivery only moves forward. q → w → a → d → o; e, c, x, r, p, f, s close what has not been acknowledged.
local RANK = { q = 1, w = 2, a = 5, d = 6, o = 7, e = 9, c = 9, x = 9, r = 9, p = 9, f = 9, s = 9 }
local lines, left = {}, {}

local function leave(inbox, device, nid, bytes, line)
  if redis.call('ZREM', inbox, nid) == 0 then
    return
  end
  local app = line:match('^[^\t]*')
  left['#n:' .. app] = (left['#n:' .. app] or 0) + 1
  if bytes then
    left['#b:' .. app] = (left['#b:' .. app] or 0) + bytes
    if redis.call('HINCRBY', KEYS[2], device, -bytes) <= 0 then
      redis.call('HDEL', KEYS[2], device)
    end
  end
end

for i = 1, #ARGV / 5 do
  local a, k = (i - 1) * 5, (i - 1) * 2 + 2
  local device, nid, letter, step, line = ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4], ARGV[a + 5]
  local inbox, deliveries = KEYS[k + 1], KEYS[k + 2]
  local found = redis.call('HMGET', deliveries, device, '#b')
  local stored = found[1]
  local rank = RANK[letter]
  if stored then
    local last = RANK[stored:match('.*;(%a)') or stored:sub(1, 1)]
    local closing = rank == 9
    if rank > last and not (closing and last >= 5) then
      if rank > 5 and not closing and last < 5 then
        -- Displayed or opened, so it has arrived: the acknowledgement is implied.
        stored = stored .. ';a' .. step:sub(2)
        redis.call('HINCRBY', deliveries, '#a', 1)
        table.insert(lines, (line:gsub('^([^\t]*\t[^\t]*\t[^\t]*\t)%a\t', '%1a\t', 1)))
      end
      redis.call('HSET', deliveries, device, stored .. ';' .. step)
      redis.call('HINCRBY', deliveries, '#' .. letter, 1)
      table.insert(lines, line)
    end
  end
  if rank >= 5 then
    leave(inbox, device, nid, found[2], line)
  end
end
for field, number in pairs(left) do
  redis.call('HINCRBY', KEYS[2], field, -number)
end
if #lines > 0 then
  redis.call('XADD', KEYS[1], '*', 'd', table.concat(lines, '\n'))
end
return #lines
