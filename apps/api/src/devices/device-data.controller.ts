import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { DeviceParams, PushServiceQuery } from './device.dto.js';
import { DeviceDataService } from './device-data.service.js';
import { DeviceExport, TrackView } from './device-export.view.js';

@ApiTags('devices')
@Controller('v1/devices/:id')
export class DeviceDataController {
  constructor(private readonly data: DeviceDataService) {}

  @Get('positions')
  @RequireScope('read')
  @ApiOperation({
    summary: 'Read where a device was',
    description: 'Only of a device with `keepPositions`: the last thousand positions.',
  })
  @ApiOkResponse({ type: TrackView })
  @Failures('invalid-request', 'not-found')
  track(@Caller() { app }: AuthenticatedKey, @Param() { id }: DeviceParams): Promise<TrackView> {
    return this.data.track(app, id);
  }

  @Delete('positions')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Forget where a device is and was, and the geofences that it is in' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  forget(@Caller() { app }: AuthenticatedKey, @Param() { id }: DeviceParams): Promise<void> {
    return this.data.forgetPositions(app, id);
  }

  @Delete('push-services')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({
    summary: "Forget push services that the device's client has named",
    description:
      'All, or those of that JID and node: for a backend that learns that a phone is not there any more. The client may name them again.',
  })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  forgetPushServices(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: DeviceParams,
    @Query() { service, node }: PushServiceQuery,
  ): Promise<void> {
    return this.data.forgetPushServices(app, id, service, node);
  }

  @Get('export')
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Everything that is kept of a device',
    description:
      'Deleting the device erases it; deliveries are forgotten seven days after their notification expired.',
  })
  @ApiOkResponse({ type: DeviceExport })
  @Failures('invalid-request', 'not-found')
  export(@Caller() { app }: AuthenticatedKey, @Param() { id }: DeviceParams): Promise<DeviceExport> {
    return this.data.export(app, id);
  }
}
